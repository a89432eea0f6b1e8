import { globSync, readFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { isBuiltin } from "node:module"
import type { AddressInfo } from "node:net"
import { setTimeout } from "node:timers/promises"
import { connect } from "@polar-seats/examples/effect-3"
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { parse } from "yaml"
import { root } from "../../scripts/packages.ts"
import { post } from "../app/runCli.ts"
import { ann, ben, eve, startAcme, subscription } from "./example.ts"

const folder = `${root}examples/effect-3/`
const token = "polar_cst_s3cret"

/** Forwards to the emulator, except a request for a mail while it holds mails back: that one is never answered. */
const startHoldingBack = async (url: string) => {
  let held: ((request: IncomingMessage) => void) | undefined
  const forward = async ({ headers, method, url: path }: IncomingMessage, response: ServerResponse) => {
    const answer = await fetch(`${url}${path}`, {
      method: method ?? "GET",
      headers: { authorization: headers.authorization ?? "", "content-length": "0" }
    })
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text())
  }
  const server = createServer((request, response) => {
    if (request.method === "POST" && held !== undefined) held(request)
    else void forward(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Holds mails back from now on. Resolves when the first has arrived, with a promise of the end of its connection. */
    holdBack: () =>
      new Promise<{ readonly closed: Promise<void> }>((resolve) => {
        held = (request) => resolve({ closed: new Promise((closed) => request.socket.once("close", () => closed())) })
      }),
    close: () => server.close()
  }
}

let acme: Awaited<ReturnType<typeof startAcme>>
let seats: ReturnType<typeof connect>
beforeAll(async () => {
  acme = await startAcme()
})
beforeEach(async () => {
  await post(`${acme.url}/_emulator/seed`, JSON.parse(readFileSync(`${root}examples/acme.json`, "utf8")))
  seats = connect({ token, baseUrl: acme.url })
})
afterEach(() => seats.close())
afterAll(() => acme.stop())

const mails = async () => (await acme.mails()).map(({ to }) => to)

describe("the seats of an app on Effect 3", () => {
  it("resolve to plain data after a resend", async () => {
    const sent = await seats.resend(subscription, ann)
    const expiresAt = sent._tag === "Sent" ? sent.expiresAt : null
    assert.deepEqual(sent, { _tag: "Sent", to: "ann@acme.com", expiresAt })
    assert.instanceOf(expiresAt, Date)
    assert.closeTo(Number(expiresAt) - Date.now(), 18 * 3_600_000, 60_000)
    assert.deepEqual(await mails(), ["ann@acme.com"])
  })

  it.for([
    [ben, "AlreadyClaimed", false],
    [eve, "InvitationExpired", false],
    ["00000000-0000-4000-8000-000000000000", "NotFound", false],
    ["1; DROP TABLE seats", "InvalidRequest", false]
  ] as const)("resolve for seat %s to the refusal %s as plain data", async ([seat, tag, mayRetry]) => {
    const { message, ...refused } = Object.assign({ message: "" }, await seats.resend(subscription, seat))
    assert.deepEqual<object>(refused, { _tag: tag, mayRetry })
    assert.isNotEmpty(message)
    assert.isEmpty(await mails())
  })

  it("resolve to a refusal if an option is invalid", async () => {
    const nowhere = connect({ token, baseUrl: "http://polar.example" })
    assert.deepInclude(await nowhere.resend(subscription, ann), { _tag: "InvalidOption" })
    await nowhere.close()
  })

  it("reject after a bug", async () => {
    await seats.close()
    const outcome = await seats.resend(subscription, ann).catch((bug: unknown) => ({ bug }))
    assert.property(outcome, "bug")
  })

  it("interrupt a call that is aborted, and keep in mind that its mail may have gone out", async () => {
    const polar = await startHoldingBack(acme.url)
    const behind = connect({ token, baseUrl: polar.url })
    const abort = new AbortController()
    const arrival = polar.holdBack()
    const call = behind.resend(subscription, ann, abort.signal).catch((error: unknown) => error)
    const { closed } = await arrival
    abort.abort()
    assert.strictEqual(await call, abort.signal.reason)
    assert.strictEqual(await Promise.race([closed, setTimeout(5000, "open", { ref: false })]), undefined)
    assert.deepInclude(await behind.resend(subscription, ann), { _tag: "MailedRecently", mayRetry: false })
    await behind.close()
    polar.close()
  })

  it("mail nobody for a call that was aborted before", async () => {
    const error = await seats.resend(subscription, ann, AbortSignal.abort()).catch((error: unknown) => error)
    assert.propertyVal(error, "name", "AbortError")
    assert.isEmpty(await mails())
  })
})

describe("the example for Effect 3", () => {
  const read = (path: string) => JSON.parse(readFileSync(folder + path, "utf8"))
  const { catalog } = parse(readFileSync(`${root}pnpm-workspace.yaml`, "utf8"))
  const app = read("package.json")
  const library = read("seats/package.json")
  const importedIn = (sources: string) => {
    const specifiers = globSync(sources, { cwd: folder }).flatMap((file) =>
      [...readFileSync(folder + file, "utf8").matchAll(/ from "([^".][^"]*)"/g)].map(([, specifier = ""]) => specifier)
    )
    const names = specifiers.filter((specifier) => !isBuiltin(specifier))
    return [...new Set(names.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]))]
  }

  it("has the library and Effect 4 in one package, and Effect 3 in the other", () => {
    assert.sameMembers(importedIn("seats/src/*.ts"), Object.keys(library.dependencies))
    assert.sameMembers(importedIn("src/*.ts"), Object.keys(app.dependencies))
    assert.strictEqual(library.dependencies.effect, catalog.effect)
    assert.match(app.dependencies.effect, /^3\.\d+\.\d+$/)
    for (const [name, version] of Object.entries(app.devDependencies)) assert.strictEqual(version, catalog[name])
  })

  it("catches errors that exist", () => {
    const known = new Set(
      globSync(`${root}packages/{domain,invitations}/src/*Error.ts`).flatMap((file) =>
        readFileSync(file, "utf8").match(/(?<=\bclass )\w+/g)
      )
    )
    const caught = readFileSync(`${folder}src/app.ts`, "utf8").match(/(?<=catchTag\(.*")[A-Z]\w+(?=")/g)
    assert.isNotNull(caught)
    assert.deepEqual(
      caught.filter((tag) => !known.has(tag)),
      []
    )
  })

  it("is no part of this workspace, which has one Effect", () => {
    const lockfile = readFileSync(`${root}pnpm-lock.yaml`, "utf8")
    assert.deepEqual([...new Set(lockfile.match(/(?<=^ {2}effect@)[\d.]+(?=:$)/gm))], [catalog.effect])
  })
})
