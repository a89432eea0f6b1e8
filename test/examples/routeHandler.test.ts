import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, afterEach, assert, beforeAll, it, vi } from "vitest"
import * as routeHandler from "@polar-seats/examples/route-handler"
import { runToEnd } from "../../scripts/launch.ts"
import { get, post } from "../app/runCli.ts"
import { ann, ben, eve, organization, startAcme, subscription } from "./example.ts"

let acme: Awaited<ReturnType<typeof startAcme>>
let { POST } = routeHandler
let printed = ""
beforeAll(async () => {
  acme = await startAcme()
  vi.stubEnv("POLAR_API_URL", acme.url)
  vi.stubEnv("POLAR_ACCESS_TOKEN", organization)
  vi.stubEnv("DEMO_SESSION", "me")
  vi.spyOn(console, "log").mockImplementation((...line) => void (printed += line.join(" ")))
})
afterEach(async () => {
  await fault([])
  await fetch(`${acme.url}/_emulator/outbox`, { method: "DELETE" })
})
afterAll(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await globalThis.polarSeats?.dispose()
  await acme.stop()
})

const fault = (rules: ReadonlyArray<object>) =>
  post(`${acme.url}/_emulator/faults`, { rules: rules.map((rule) => ({ times: 1, ...rule })) })

const send = async (seatId: string, { cookie = "session=me", subscriptionId = subscription } = {}) => {
  const response = await POST(new Request("http://app.test", { method: "POST", headers: { cookie } }), {
    params: Promise.resolve({ subscriptionId, seatId })
  })
  const text = await response.text()
  assert.notMatch(text + printed, /s3cret|polar_(cst|mst|oat)_\w/)
  const { mayRetry, message } = JSON.parse(text)
  return { status: response.status, message, mayRetry, retryAfter: response.headers.get("retry-after") }
}
const minted = async () => {
  const requests = (await get(`${acme.url}/_emulator/requests`)) as ReadonlyArray<{ readonly path: string }>
  return requests.filter(({ path }) => path.startsWith("/v1/customer-sessions")).length
}
const mailed = async () => (await acme.mails()).map(({ to, token }) => `${to} ${token}`)
const sentTo = (address: string) => ({
  status: 200,
  message: `The invitation was sent to ${address}.`,
  mayRetry: false,
  retryAfter: null
})

it("mails a live link again, with one session for both requests", async () => {
  assert.deepEqual(await send(ann), sentTo("ann@acme.com"))
  assert.deepEqual(await send(ann), sentTo("ann@acme.com"))
  assert.deepEqual(await mailed(), ["ann@acme.com ann", "ann@acme.com ann"])
  assert.strictEqual(await minted(), 1)
})

it("replaces a dead link, and continues a reissue that was cut off", async () => {
  await fault([{ method: "POST", path: "/v1/customer-portal/seats", drop: "before" }])
  assert.deepInclude(await send(eve), { status: 503, mayRetry: true, retryAfter: "1" })
  assert.deepEqual(await mailed(), [])
  assert.deepEqual(await send(eve), sentTo("eve@acme.com"))
  const [mail, ...more] = await mailed()
  assert.match(mail ?? "", /^eve@acme\.com /)
  assert.notInclude(mail, "eve@acme.com eve")
  assert.deepEqual(more, [])
})

const nobodys = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"
it.for([
  ["a request without a sign-in", ann, { cookie: "session=" }, 401],
  ["an invalid id", "nonsense", {}, 404],
  ["a seat that does not exist", nobodys, {}, 404],
  ["a subscription of another customer", ann, { subscriptionId: nobodys }, 404],
  ["a claimed seat", ben, {}, 409]
] as const)("refuses %s", async ([, seatId, options, status]) => {
  assert.deepInclude(await send(seatId, options), { status, mayRetry: false, retryAfter: null })
  assert.deepEqual(await mailed(), [])
})

const path = "/v1/customer-portal/seats/"
it.for([
  ["a rate limit", { method: "POST", path, status: 429, headers: { "retry-after": "77" } }, 503, true, "77", 0],
  ["an answer that is no list", { method: "GET", status: 200, body: "<html>" }, 503, true, "1", 0],
  ["an unknown outcome", { method: "POST", path, drop: "after" }, 502, false, null, 1]
] as const)("says after %s whether the caller may retry", async ([, rule, status, mayRetry, retryAfter, mails]) => {
  await fault([rule])
  assert.deepInclude(await send(ann), { status, mayRetry, retryAfter })
  assert.lengthOf(await mailed(), mails)
})

it("keeps its runtime and its session during a hot reload", async () => {
  const before = await minted()
  vi.resetModules()
  const reloaded = await import("@polar-seats/examples/route-handler")
  assert.notStrictEqual(reloaded.POST, routeHandler.POST)
  POST = reloaded.POST
  assert.deepEqual(await send(ann), sentTo("ann@acme.com"))
  assert.strictEqual(await minted(), before)
})

it("runs with the command in its header, and does not name a missing setting in its answer", async () => {
  const file = new URL("../../examples/src/route-handler.ts", import.meta.url)
  const [, command = ""] = /--eval '([^']+)'/.exec(readFileSync(file, "utf8").replaceAll("\n//", "\n")) ?? []
  const root = fileURLToPath(new URL("../../", import.meta.url))
  const evaluate = (env: Record<string, string>) =>
    runToEnd(process.execPath, ["--input-type=module", "--eval", command], {
      cwd: root,
      env: { POLAR_API_URL: acme.url, DEMO_SESSION: "me", ...env }
    })
  const [ran, unset] = await Promise.all([evaluate({ POLAR_ACCESS_TOKEN: organization }), evaluate({})])
  assert.include(ran.stdout, "The invitation was sent to eve@acme.com.")
  assert.include(unset.stdout, `{"message":"Something is wrong on our side.","mayRetry":false}`)
  assert.include(unset.stdout + unset.stderr, "POLAR_ACCESS_TOKEN")
})

it.for([
  ["a customer who has bought nothing", ["customer_sessions:write"], 403, "You have not bought any seats."],
  ["an organization token without the scope", [], 500, "Something is wrong on our side."]
] as const)("refuses %s", async ([, scopes, status, message]) => {
  await post(`${acme.url}/_emulator/seed`, {
    organizations: [{ slug: "acme" }],
    tokens: [{ token: organization, organization: "acme", scopes }]
  })
  assert.deepEqual(await send(ann), { status, message, mayRetry: false, retryAfter: null })
})
