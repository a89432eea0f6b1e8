import { fileURLToPath } from "node:url"
import type { SeatView } from "@polar-seats/domain/SeatView"
import { afterAll, assert, beforeAll, beforeEach, it } from "vitest"
import { launch } from "../../scripts/launch.ts"
import { post } from "../app/runCli.ts"
import acmeWorld from "../../examples/acme.json" with { type: "json" }
import { ann, ben, eve, organization, startAcme, startExample, subscription } from "./example.ts"

let acme: Awaited<ReturnType<typeof startAcme>>
let server: Awaited<ReturnType<typeof startExample>>
beforeAll(async () => {
  acme = await startAcme()
  server = await startExample("seats-api-server.ts", { POLAR_API_URL: acme.url, POLAR_ACCESS_TOKEN: organization })
})
beforeEach(() => post(`${acme.url}/_emulator/seed`, acmeWorld))
afterAll(async () => {
  const printed = await server.stop()
  await acme.stop()
  assert.notInclude(printed, "s3cret")
})

const team = `/subscriptions/${subscription}/seats`
const ask = async (method: string, path: string, body?: unknown) => {
  const response = await fetch(server.url + path, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await response.text()
  assert.notInclude(text, "s3cret")
  return {
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
    body: text === "" ? {} : JSON.parse(text)
  }
}
const mailed = async () => (await acme.mails()).map(({ to }) => to)

it("lists, assigns and revokes, with what a browser shows of each seat", async () => {
  const { body } = await ask("GET", team)
  const shown = body.seats.map((seat: typeof SeatView.Encoded) => [seat.id, seat.holderEmail, seat.invitation._tag])
  assert.sameDeepMembers(shown, [
    [ann, "ann@acme.com", "Live"],
    [eve, "eve@acme.com", "Expired"],
    [ben, "ben@acme.com", "None"]
  ])
  const assigned = await ask("POST", team, { email: "zoe@acme.com" })
  assert.deepInclude(assigned.body, { status: "pending", holderEmail: "zoe@acme.com" })
  const revoked = await ask("DELETE", `${team}/${assigned.body.id}`)
  assert.deepInclude(revoked.body, { id: assigned.body.id, status: "revoked", invitation: { _tag: "None" } })
})

const nobody = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"
it.for([
  ["GET", `/subscriptions/${nobody}/seats`, undefined, 404, "NotFound"],
  ["POST", team, { email: "zoe" }, 422, "InvalidRequest"],
  ["POST", team, { email: "ann@acme.com" }, 409, "AlreadyAssigned"],
  ["POST", `${team}/${ben}/invitation`, undefined, 409, "AlreadyClaimed"],
  ["POST", `${team}/${eve}/invitation`, undefined, 409, "InvitationExpired"],
  ["POST", `${team}/${nobody}/invitation`, undefined, 404, "NotFound"],
  ["DELETE", `${team}/${nobody}`, undefined, 404, "NotFound"]
] as const)("answers %s %s of %j with %i %s and a message", async ([method, path, body, status, tag]) => {
  const refused = await ask(method, path, body)
  assert.deepInclude({ ...refused.body, status: refused.status }, { _tag: tag, status })
  assert.match(refused.body.message, /\.$/)
  assert.deepEqual(await mailed(), [])
})

it.for([
  [{ status: 429, headers: { "retry-after": "77" } }, 429, "RateLimited", "77"],
  [{ status: 401, body: { error: "invalid_token", detail: "" } }, 500, "Unauthorized", null],
  [{ status: 403, body: { error: "NotPermitted", detail: "" } }, 500, "Forbidden", null],
  [{ drop: "after" }, 502, "Unavailable", null]
] as const)("answers an assignment for which Polar has %j with %i %s", async ([fault, status, tag, retryAfter]) => {
  await post(`${acme.url}/_emulator/faults`, { rules: [{ method: "POST", path: "/v1", times: 5, ...fault }] })
  const refused = await ask("POST", team, { email: "zoe@acme.com" })
  assert.deepInclude({ ...refused, body: refused.body._tag }, { body: tag, status, retryAfter })
})

it("mails once after three clicks on a live link: the journal knows of the mail", async () => {
  const { body } = await ask("POST", team, { email: "zoe@acme.com" })
  const clicks = await Promise.all([1, 2, 3].map(() => ask("POST", `${team}/${body.id}/invitation`)))
  assert.sameMembers(
    clicks.map(({ body, status }) => `${status} ${body._tag ?? body.invitation._tag}`),
    ["200 Live", "409 MailedRecently", "409 MailedRecently"]
  )
  // The first one is the mail of the assignment
  assert.deepEqual(await mailed(), ["zoe@acme.com", "zoe@acme.com"])
})

it("mails once after three clicks that reissue a dead link, wherever the later ones find the seat", async () => {
  const clicks = await Promise.all([1, 2, 3].map(() => ask("POST", `${team}/${eve}/invitation?onExpired=reissue`)))
  const answers = clicks.map(({ body, status }) => `${status} ${body._tag ?? body.invitation._tag}`)
  // A later click finds the dead invitation or the new one. In between, the seat is revoked
  assert.include(answers, "200 Live")
  for (const answer of answers) assert.include(["200 Live", "409 MailedRecently", "409 AlreadyClaimed"], answer)
  assert.deepEqual(await mailed(), ["eve@acme.com"])
})

it("serves its OpenAPI document", async () => {
  const { body } = await ask("GET", "/openapi.json")
  assert.deepInclude(body.paths[`/subscriptions/{subscriptionId}/seats/{seatId}/invitation`].post.responses[409], {
    description:
      "AlreadyClaimed, InvitationUnavailable, NoSeatAvailable, MailedRecently, InProgressElsewhere, HolderRemoved, InexactMetadata, MailedSomebodyElse, InvitationExpired"
  })
  assert.deepEqual(body.components.schemas.SeatViewEncoded.properties.id, { type: "string", format: "uuid" })
})

it("the client program resends through the server, and handles the errors by their tags", async () => {
  const program = fileURLToPath(new URL("../../examples/src/seats-api-client.ts", import.meta.url))
  const run = async () => {
    const env = { SEATS_API_URL: server.url, NO_COLOR: "1" }
    const { code, stderr, stdout } = await launch(process.execPath, [program, subscription], { env }).ended
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    return stdout.trim().split("\n")
  }
  assert.sameMembers(await run(), [
    "ann@acme.com was mailed. The link is Live.",
    "eve@acme.com was not mailed, because the link is dead."
  ])
  assert.match((await run()).join(), /ann@acme.com was not mailed again. Retry after \d{4}-/)
  assert.deepEqual(await mailed(), ["ann@acme.com"])
})
