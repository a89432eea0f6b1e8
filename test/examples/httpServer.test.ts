import { afterAll, assert, beforeAll, it } from "vitest"
import { post } from "../app/runCli.ts"
import { ann, ben, eve, organization, startAcme, startExample, subscription } from "./example.ts"

let acme: Awaited<ReturnType<typeof startAcme>>
let server: Awaited<ReturnType<typeof startExample>>
beforeAll(async () => {
  acme = await startAcme()
  server = await startExample("http-server.ts", { POLAR_API_URL: acme.url, POLAR_ACCESS_TOKEN: organization })
})
afterAll(async () => {
  const printed = await server.stop()
  await acme.stop()
  assert.notInclude(printed, "s3cret")
})

const ask = async (method: string, path: string, body?: unknown) => {
  const response = await fetch(server.url + path, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await response.json() }
}

it("lists, assigns, resends and revokes", async () => {
  const team = `/subscriptions/${subscription}/seats`
  const { body: listed } = await ask("GET", team)
  assert.sameMembers(
    listed.seats.map(({ id }: { readonly id: string }) => id),
    [ann, eve, ben]
  )
  const { body: assigned, status } = await ask("POST", team, { email: "zoe@acme.com" })
  assert.deepInclude({ ...assigned, code: status }, { code: 200, status: "pending", email: "zoe@acme.com" })
  assert.deepInclude((await ask("POST", `${team}/${assigned.id}/resend`)).body, { id: assigned.id })
  assert.deepEqual(
    (await acme.mails()).map(({ to }) => to),
    ["zoe@acme.com", "zoe@acme.com"]
  )
  assert.deepInclude((await ask("DELETE", `/seats/${assigned.id}`)).body, { id: assigned.id, status: "revoked" })
  assert.strictEqual((await ask("GET", team)).body.availableSeats, 1)
})

it.for([
  ["GET", "/subscriptions/nonsense/seats", undefined, 400, "SchemaError"],
  ["POST", `/subscriptions/${subscription}/seats`, { name: "Zoe" }, 400, "SchemaError"],
  ["POST", `/subscriptions/${subscription}/seats`, { email: "zoe" }, 422, "InvalidRequest"],
  ["POST", `/subscriptions/${subscription}/seats`, { email: "ann@acme.com" }, 409, "AlreadyAssigned"],
  ["POST", `/subscriptions/${subscription}/seats/${ben}/resend`, undefined, 409, "AlreadyClaimed"],
  ["POST", `/subscriptions/${subscription}/seats/${eve}/resend`, undefined, 409, "InvitationExpired"],
  [
    "POST",
    `/subscriptions/${subscription}/seats/30c81c46-a35c-4411-a5fb-c1191a0a52ef/resend`,
    undefined,
    404,
    "NotFound"
  ],
  ["DELETE", "/seats/30c81c46-a35c-4411-a5fb-c1191a0a52ef", undefined, 404, "NotFound"]
] as const)("answers %s %s of %j with %i %s", async ([method, path, body, status, error]) => {
  const refused = await ask(method, path, body)
  assert.deepInclude(refused.body, { error, may_retry: false })
  assert.strictEqual(refused.status, status)
})

const resendAnn = `/subscriptions/${subscription}/seats/${ann}/resend`
it.for([
  [{ status: 429, headers: { "retry-after": "77" } }, "POST", resendAnn, 429, true],
  [{ drop: "after" }, "POST", resendAnn, 502, false]
] as const)("says after %j whether the caller may retry", async ([fault, method, path, status, mayRetry]) => {
  await post(`${acme.url}/_emulator/faults`, { rules: [{ method, times: 1, ...fault }] })
  const refused = await ask(method, path)
  assert.deepInclude({ ...refused, ...refused.body }, { status, may_retry: mayRetry })
  assert.strictEqual(refused.retryAfter, status === 429 ? "77" : null)
})

it("mails once for three clicks", async () => {
  const { body } = await ask("POST", `/subscriptions/${subscription}/seats`, { email: "kim@acme.com" })
  const click = () => ask("POST", `/subscriptions/${subscription}/seats/${body.id}/resend`)
  const answers = await Promise.all([click(), click(), click()])
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409])
  const mails = (await acme.mails()).filter(({ to }) => to === "kim@acme.com")
  // One mail of the assignment, and one of the resend
  assert.lengthOf(mails, 2)
})
