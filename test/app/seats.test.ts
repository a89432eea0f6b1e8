import { assert, beforeAll, describe, it } from "vitest"
import { organization, session, startAcme, subscription } from "./acme.ts"
import { linesOf, summaryOf } from "./jsonLines.ts"
import { run } from "./runCli.ts"

const ann = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
const ben = "2b7e1516-28ae-4d2a-abf7-158809cf4f3c"
const eve = "6bc1bee2-2e40-4f96-b93d-7e117393172a"
const uli = "874d6191-b620-43e3-bef6-826814de7c4e"
const unknown = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"

// Half a minute more than the table shows, so that the shown minutes do not depend on the speed of a test
const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000 + 30_000).toISOString()

const seats = () => [
  {
    id: ann,
    status: "pending",
    email: "ann@acme.com",
    invitation_token: "s3cret-ann",
    invitation_token_expires_at: inMinutes(18 * 60 + 20)
  },
  { id: ben, status: "claimed", email: "ben@acme.com", claimed_at: "2026-11-22T07:00:00Z" },
  {
    id: eve,
    status: "pending",
    email: "eve@acme.com",
    invitation_token: "s3cret-eve",
    invitation_token_expires_at: inMinutes(-6)
  },
  { id: uli, status: "pending", email: "uli@acme.com", invitation_token: "s3cret-uli" }
]

let acme: Awaited<ReturnType<typeof startAcme>>
beforeAll(async () => {
  acme = await startAcme(6, seats())
  return acme.stop
})

const polarSeats = (args: ReadonlyArray<string>, token = session) =>
  run(args, { POLAR_API_URL: acme.url, POLAR_CUSTOMER_SESSION: token })

it("resend --json prints the seat as Polar sends it, and sends one mail", async () => {
  const before = await acme.mails()
  const { code, stderr, stdout } = await polarSeats(["resend", uli, "--json"])
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
  const [{ seat, ...rest }] = linesOf(stdout)
  assert.deepEqual(rest, { id: uli, outcome: "resent" })
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
  assert.deepEqual(seat, await acme.seatOf(uli))
  const after = await acme.mails()
  assert.deepEqual(after.slice(0, -1), before)
  assert.strictEqual(after.at(-1)?.seat_id, uli)
})

describe.concurrent("resend and list", () => {
  it("take every spelling of an id that Polar takes for the same seat", async () => {
    const { code, stderr, stdout } = await polarSeats([
      "resend",
      ann.toUpperCase(),
      ann.replaceAll("-", ""),
      `{${ann}}`,
      `urn:uuid:${ann}`
    ])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.strictEqual(stdout, `${ann}: resent to ann@acme.com (live, 18 h left)\n`.repeat(4))
  })

  it("continue after the id of no seat, which decides the exit code", async () => {
    const { code, stderr, stdout } = await polarSeats(["resend", uli, unknown, ann])
    assert.strictEqual(code, 3)
    assert.strictEqual(
      stdout,
      `${uli}: resent to uli@acme.com (live, no end)\n${ann}: resent to ann@acme.com (live, 18 h left)\n`
    )
    const [named, message] = stderr.split(": ", 2)
    assert.strictEqual(named, unknown)
    assert.match(message ?? "", /^There is no seat/)
    assert.match(stderr, /^[^\n]+\n$/)
  })

  it("refuse an organization token in place of a session, and name the sessions that work", async () => {
    const { code, stderr, stdout } = await polarSeats(["resend", ann, "--json"], organization)
    assert.strictEqual(code, 3)
    const [{ error, id }] = linesOf(stdout)
    assert.deepEqual({ id, tag: error._tag }, { id: ann, tag: "Unauthorized" })
    assert.match(error.message, /customer or member session/)
    assert.strictEqual(stderr, `${ann}: ${error.message}\n`)
  })

  it("print a refusal of a list in one line, and as JSON on stdout", async () => {
    const { code, stderr, stdout } = await polarSeats(["list", "--subscription", unknown, "--json"])
    assert.strictEqual(code, 3)
    const { error } = summaryOf(stdout)
    assert.strictEqual(error._tag, "NotFound")
    assert.strictEqual(stderr, `${error.message}\n`)
  })

  it("print a table of the seats, and how many are free", async () => {
    const { code, stderr, stdout } = await polarSeats(["list", "--subscription", subscription])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    const [header, first, ...rows] = stdout.split("\n").map((line) => line.replace(/until 20.+ UTC$/, "until …"))
    assert.strictEqual(header, "SEAT                                  STATUS   HOLDER        INVITATION         TIME")
    // As in Polar's portal, claimed seats come first
    assert.strictEqual(first, `${ben}  claimed  ben@acme.com  -                  since 2026-11-22 07:00 UTC`)
    assert.sameMembers(rows, [
      `${ann}  pending  ann@acme.com  live, 18 h left    until …`,
      `${eve}  pending  eve@acme.com  expired 5 min ago  until …`,
      `${uli}  pending  uli@acme.com  live, no end       -`,
      "",
      "2 of 6 seats are free.",
      ""
    ])
  })

  it("show the times in the zone of TZ, or in UTC with --utc", async () => {
    const list = ["list", "--subscription", subscription, "--status", "claimed"]
    const env = { POLAR_API_URL: acme.url, POLAR_CUSTOMER_SESSION: session, TZ: "Asia/Tokyo" }
    assert.match((await run(list, env)).stdout, /since 2026-11-22 16:00 GMT\+9$/m)
    assert.match((await run([...list, "--utc"], env)).stdout, /since 2026-11-22 07:00 UTC$/m)
  })

  it("filter and sort the list, for people and with --json", async () => {
    const list = async (...flags: ReadonlyArray<string>) => {
      const { code, stderr, stdout } = await polarSeats(["list", "--subscription", subscription, ...flags])
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
      return stdout
    }
    const idsIn = (json: string) => linesOf(json).map(({ id }) => id)
    const [expired, claimed, sorted, none] = await Promise.all([
      list("--expired", "--json"),
      list("--status", "claimed", "--status", "revoked", "--json"),
      list("--to", "*@ACME.com", "--sort", "address", "--json"),
      list("--to", "nobody@*")
    ])
    assert.deepEqual(idsIn(expired), [eve])
    assert.deepInclude(summaryOf(expired), { available_seats: 2, total_seats: 6 })
    assert.deepEqual(idsIn(claimed), [ben])
    assert.deepEqual(idsIn(sorted), [ann, ben, eve, uli])
    assert.strictEqual(none, "0 of 4 seats match.\n2 of 6 seats are free.\n")
    assert.include(await list("--expired"), `${eve}  pending  eve@acme.com`)
  })

  it("print each seat of a list as Polar sends it with --json, and how many are free", async () => {
    const { code, stderr, stdout } = await polarSeats(["list", "--json", "--subscription", subscription])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    const lines = linesOf(stdout)
    assert.deepEqual(
      lines.map(({ seat }) => seat),
      [...(await acme.listed()).seats]
    )
    assert.deepEqual(
      lines.map(({ address, id, outcome }) => ({ address, id, outcome })),
      lines.map(({ seat }) => ({ address: seat.email, id: seat.id, outcome: "listed" }))
    )
    assert.deepInclude(summaryOf(stdout), { available_seats: 2, total_seats: 6 })
  })

  it("use an organization token if there is no session", async () => {
    const args = ["list", "--subscription", subscription]
    const ask = async (env: Readonly<Record<string, string>>, path: string) => {
      const { code, stderr, stdout } = await run([...args, "--verbose"], { POLAR_API_URL: acme.url, ...env })
      assert.strictEqual(code, 0)
      assert.match(
        stderr,
        new RegExp(
          `^(?:.* are both set\\..*\n)?GET ${acme.url}${path}\\?subscription_id=${subscription} -> 200 in \\d+ ms\n$`
        )
      )
      return stdout
    }
    const [organizations, sessions] = await Promise.all([
      ask({ POLAR_ACCESS_TOKEN: organization }, "/v1/customer-seats"),
      ask({ POLAR_ACCESS_TOKEN: organization, POLAR_CUSTOMER_SESSION: session }, "/v1/customer-portal/seats")
    ])
    assert.strictEqual(organizations, sessions)
  })
})
