import { assert, beforeAll, describe, it } from "vitest"
import { get, post, run, startEmulator } from "./process.ts"

const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const subscription = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
const ann = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
const ben = "2b7e1516-28ae-4d2a-abf7-158809cf4f3c"
const eve = "6bc1bee2-2e40-4f96-b93d-7e117393172a"
const uli = "874d6191-b620-43e3-bef6-826814de7c4e"
const unknown = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"
const session = "polar_cst_s3cret"
const organization = "polar_oat_s3cret"

// Half a minute more than is shown, so that the minutes shown do not depend on how fast a test is
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000 + 30_000).toISOString()

const world = () => {
  const seat = { subscription_id: subscription, customer_id: customer, created_at: "2026-11-22T06:00:00Z" }
  const pending = { ...seat, status: "pending" }
  return {
    organizations: [{ slug: "acme", name: "Acme" }],
    products: [{ id: product, organization: "acme", name: "Acme Pro" }],
    customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
    subscriptions: [{ id: subscription, product, customer, seats: 6 }],
    seats: [
      {
        ...pending,
        id: ann,
        email: "ann@acme.com",
        invitation_token: "s3cret-ann",
        invitation_token_expires_at: inMinutes(18 * 60 + 20)
      },
      { ...seat, id: ben, status: "claimed", email: "ben@acme.com", claimed_at: "2026-11-22T07:00:00Z" },
      {
        ...pending,
        id: eve,
        email: "eve@acme.com",
        invitation_token: "s3cret-eve",
        invitation_token_expires_at: inMinutes(-6)
      },
      { ...pending, id: uli, email: "uli@acme.com", invitation_token: "s3cret-uli" }
    ],
    tokens: [
      { token: session, customer },
      { token: organization, organization: "acme", scopes: ["customer_seats:write"] }
    ]
  }
}

let url = ""
beforeAll(async () => {
  const { firstLine, stop } = await startEmulator()
  url = firstLine
  assert.strictEqual((await post(`${url}/_emulator/seed`, world())).status, 200)
  return stop
})

const polarSeats = (args: ReadonlyArray<string>, token = session) =>
  run(args, { POLAR_API_URL: url, POLAR_CUSTOMER_SESSION: token })

const listed = async () => {
  const list = await get(`${url}/v1/customer-portal/seats?subscription_id=${subscription}`, session)
  return list as { readonly seats: ReadonlyArray<{ readonly id: string }> }
}
const mailed = async () => (await get(`${url}/_emulator/outbox`)) as ReadonlyArray<{ readonly seat_id: string }>

it("resend --json prints the seat as Polar sends it, and one mail leaves", async () => {
  const before = await mailed()
  const { code, stderr, stdout } = await polarSeats(["resend", uli, "--json"])
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
  const seat = JSON.parse(stdout)
  assert.deepInclude(seat, {
    id: uli,
    status: "pending",
    subscription_id: subscription,
    order_id: null,
    email: "uli@acme.com",
    invitation_token_expires_at: null,
    created_at: "2026-11-22T06:00:00Z",
    seat_metadata: {}
  })
  assert.deepEqual(
    seat,
    (await listed()).seats.find(({ id }) => id === uli)
  )
  const after = await mailed()
  assert.deepEqual(after.slice(0, -1), before)
  assert.strictEqual(after.at(-1)?.seat_id, uli)
})

describe.concurrent("on an emulator", () => {
  it("every spelling of an id that Polar reads is the same seat", async () => {
    const { code, stderr, stdout } = await polarSeats([
      "resend",
      ann.toUpperCase(),
      ann.replaceAll("-", ""),
      `{${ann}}`,
      `urn:uuid:${ann}`
    ])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.strictEqual(stdout, `${ann}: resent to ann@acme.com (live, 18 h 20 min left)\n`.repeat(4))
  })

  it.for([
    [unknown, 3, /^There is no seat/],
    ["seat-1", 2, /^is not a UUID/]
  ] as const)("%s among several ids stops none of the others, and decides the exit code", async ([bad, exit, why]) => {
    const { code, stderr, stdout } = await polarSeats(["resend", uli, bad, ann])
    assert.strictEqual(code, exit)
    assert.strictEqual(
      stdout,
      `${uli}: resent to uli@acme.com (live, no end)\n${ann}: resent to ann@acme.com (live, 18 h 20 min left)\n`
    )
    const [named, message] = stderr.split(": ", 2)
    assert.strictEqual(named, bad)
    assert.match(message ?? "", why)
    assert.match(stderr, /^[^\n]+\n$/)
  })

  it("an organization token is refused, with a hint at the sessions that work", async () => {
    const { code, stderr, stdout } = await polarSeats(["resend", ann], organization)
    assert.deepEqual({ code, stdout }, { code: 3, stdout: "" })
    assert.match(stderr, /customer or member session/)
  })

  it("list prints a table of the seats and how many are free", async () => {
    const { code, stderr, stdout } = await polarSeats(["list", "--subscription", subscription])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    const [header, ...rows] = stdout.split("\n")
    assert.strictEqual(header, "SEAT                                  STATUS   HOLDER        INVITATION")
    assert.sameMembers(rows, [
      `${ann}  pending  ann@acme.com  live, 18 h 20 min left`,
      `${ben}  claimed  ben@acme.com  -`,
      `${eve}  pending  eve@acme.com  expired 5 min ago`,
      `${uli}  pending  uli@acme.com  live, no end`,
      "",
      "2 of 6 seats are free.",
      ""
    ])
  })

  it("list --json prints what Polar sends", async () => {
    const { code, stderr, stdout } = await polarSeats(["list", "--json", "--subscription", subscription])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    const list = JSON.parse(stdout)
    assert.deepEqual(list, await listed())
    assert.deepInclude(list, { available_seats: 2, total_seats: 6 })
    assert.sameMembers(
      list.seats.map(({ id }: { readonly id: string }) => id),
      [ann, ben, eve, uli]
    )
  })
})
