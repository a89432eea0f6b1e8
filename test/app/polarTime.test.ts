import { createServer } from "node:http"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { assert, describe, it, type TestContext } from "vitest"
import { session, subscription } from "./acme.ts"
import { run } from "./runCli.ts"
import { startTeam } from "./seededTeam.ts"

const year = 365 * 86_400_000
const said = /^Polar's time is not known, because its answers had no Date that can be believed\..*clock decides/

/** A proxy that gives each answer of `polar` these dates. */
const startDatingProxy = async ({ onTestFinished }: TestContext, polar: string, dates: ReadonlyArray<string>) => {
  const server = createServer(async ({ headers: { authorization = "" }, method = "", url = "" }, response) => {
    const answer = await fetch(polar + url, { method, headers: { authorization } })
    response.sendDate = false
    response.setHeader("content-type", "application/json")
    if (dates.length > 0) response.setHeader("date", dates)
    response.writeHead(answer.status).end(await answer.text())
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const now = () => new Date().toUTCString()

describe.each([
  ["no Date", []],
  ["a Date that is a year off", [new Date(Date.now() - year).toUTCString()]],
  ["a Date that is none", ["yesterday"]],
  ["two Dates", [now(), now()]]
] as const)("behind a proxy whose answers have %s", { timeout: 60_000 }, (_, dates) => {
  it("the machine's clock decides, and each command says so once on stderr", async (test) => {
    const { env, mails, seats, url } = await startTeam(test, { live: 2, expired: 1 })
    const through = { ...env, POLAR_API_URL: await startDatingProxy(test, url, dates) }
    assert.strictEqual(through.POLAR_CUSTOMER_SESSION, session)
    const listed = await run(["list", "--subscription", subscription], through)
    assert.strictEqual(listed.code, 0)
    assert.match(listed.stderr, said)
    assert.strictEqual(listed.stderr.trimEnd().split("\n").length, 1)
    assert.strictEqual(listed.stdout.match(/live, /g)?.length, 2)
    const reminded = await run(["remind", "--subscription", subscription, "--yes"], through)
    assert.match(reminded.stderr, said)
    assert.strictEqual(reminded.stderr.split("Polar's time is not known").length, 2)
    assert.sameMembers(
      (await mails()).map(({ seat_id }) => seat_id),
      seats.live.map(({ id }) => id)
    )
  })
})
