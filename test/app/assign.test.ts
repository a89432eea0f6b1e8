import { assert, beforeAll, describe, it } from "vitest"
import { organization, powerless, session, startAcme, subscription } from "./acme.ts"
import { linesOf } from "./jsonLines.ts"
import { run } from "./runCli.ts"

const unknown = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"
const ben = "2b7e1516-28ae-4d2a-abf7-158809cf4f3c"
const cleo = "f3b1a2c4-5d6e-4f70-8a9b-0c1d2e3f4a5b"
const dan = "ae2d8a57-1e03-4c9c-9eb7-6fac45af8e51"

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

let acme: Awaited<ReturnType<typeof startAcme>>
beforeAll(async () => {
  acme = await startAcme(10, [
    { id: ben, status: "claimed", email: "ben@acme.com", claimed_at: "2026-11-22T07:00:00Z" },
    { id: cleo, status: "pending", email: "cleo@acme.com", invitation_token: "s3cret-cleo" },
    { id: dan, status: "pending", email: "dan@acme.com", invitation_token: "s3cret-dan" }
  ])
  return acme.stop
})

const asBuyer = (...args: ReadonlyArray<string>) =>
  run(args, { POLAR_API_URL: acme.url, POLAR_CUSTOMER_SESSION: session })
const asOrganization = (...args: ReadonlyArray<string>) =>
  run(args, { POLAR_API_URL: acme.url, POLAR_ACCESS_TOKEN: organization })

const mailsTo = async (address: string) => (await acme.mails()).filter(({ to }) => to === address)

describe.concurrent("assign", () => {
  it("mails an invitation, and prints the seat and how long the invitation works", async () => {
    const { code, stderr, stdout } = await asBuyer("assign", "--subscription", subscription, "--email", "a@acme.com")
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    const [id = ""] = stdout.split(":")
    assert.match(stdout, new RegExp(`^${uuid}: assigned to a@acme\\.com \\(live, 24 h left\\)\n$`))
    assert.deepInclude(await acme.seatOf(id), { status: "pending", email: "a@acme.com" })
    assert.strictEqual((await mailsTo("a@acme.com")).length, 1)
  })

  it("prints the seat as Polar sends it with --json, with metadata of every kind", async () => {
    const metadata = ["team=red=hot", "floor=5", 'tags=["a",null]', 'id="5"', "order=12345678901234567890"]
    const { code, stderr, stdout } = await asOrganization(
      ...`assign --json --subscription ${subscription} --external-member m-1 --email b@acme.com`.split(" "),
      ...metadata.flatMap((pair) => ["--metadata", pair])
    )
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    const [{ id, outcome, seat }] = linesOf(stdout)
    assert.deepEqual([id, outcome], [seat.id, "assigned"])
    assert.deepEqual(seat, await acme.seatOf(seat.id))
    assert.deepEqual(seat.seat_metadata, {
      team: "red=hot",
      floor: 5,
      tags: ["a", null],
      id: "5",
      order: "12345678901234567890"
    })
    assert.deepInclude(seat.member, { external_id: "m-1", email: "b@acme.com" })
  })

  it("gives a person one seat and one mail, however the address is spelled", async () => {
    const assign = (email: string) => asBuyer("assign", "--subscription", subscription, "--email", email)
    const first = await assign("José <jose\u0301@xn--bcher-kva.example>")
    assert.deepEqual({ code: first.code, stderr: first.stderr }, { code: 0, stderr: "" })
    assert.match(first.stdout, new RegExp(`^${uuid}: assigned to josé@bücher\\.example \\(live, 24 h left\\)\n$`))
    const second = await assign("JOSÉ@BÜCHER.example")
    assert.strictEqual(second.code, 3)
    assert.match(second.stderr, /has a seat/)
    assert.strictEqual((await mailsTo("josé@bücher.example")).length, 1)
  })

  it("claims the seat at once and mails nobody with --immediate-claim", async () => {
    const { code, stderr, stdout } = await asBuyer(
      ...`assign --subscription ${subscription} --email c@acme.com --immediate-claim`.split(" ")
    )
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.match(stdout, new RegExp(`^${uuid}: assigned to c@acme\\.com, and claimed\n$`))
    assert.deepEqual(await mailsTo("c@acme.com"), [])
  })

  it.for([
    ["AlreadyAssigned", ["--subscription", subscription, "--email", "dan@acme.com"]],
    ["NotFound", ["--checkout", unknown, "--email", "d@acme.com"]],
    ["InvalidRequest", ["--subscription", subscription, "--external-customer", "nobody"]]
  ] as const)("reports %s with exit code 3", async ([tag, args]) => {
    const { code, stderr, stdout } = await asBuyer("assign", "--json", ...args)
    assert.strictEqual(code, 3)
    const [{ error, id, outcome }] = linesOf(stdout)
    assert.deepEqual([id, outcome, error._tag], [null, "failed", tag])
    assert.strictEqual(stderr, `${error.message}\n`)
  })

  it.for([
    ["two sources", ["--order", unknown, "--checkout", unknown], /--subscription, --order and --checkout/],
    ["no recipient", ["--order", unknown], /--email, --customer, --external-customer, --member and --external-member/],
    ["metadata without a value", ["--order", unknown, "--email", "e@acme.com", "--metadata", "team"], /key=value/]
  ] as const)("ends with 2 for %s", async ([, args, why]) => {
    const { code, stderr, stdout } = await asBuyer("assign", ...args)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, why)
  })
})

describe.concurrent("revoke", () => {
  it("revokes seats in order, and continues after a seat that fails", async () => {
    const { code, stderr, stdout } = await asOrganization("revoke", "--yes", ben, unknown, ben)
    assert.strictEqual(code, 3)
    assert.strictEqual(stdout, `${ben}: revoked from ben@acme.com\n`.repeat(2))
    assert.match(stderr, new RegExp(`^${unknown}: There is no seat[^\n]*\n$`))
    assert.deepInclude(await acme.seatOf(ben), { status: "revoked", email: null })
  })

  it("prints a line for each seat with --json: the seat as Polar sends it, or the error", async () => {
    const { code, stdout } = await asBuyer("revoke", "--yes", "--json", cleo, unknown)
    assert.strictEqual(code, 3)
    const [done, refusal, ...others] = linesOf(stdout)
    // Polar names the former holder only in this answer
    const seat = { ...(await acme.seatOf(cleo)), customer_email: "cleo@acme.com" }
    assert.deepEqual(done, { id: cleo, outcome: "revoked", seat })
    assert.deepInclude({ ...refusal, ...refusal.error }, { id: unknown, outcome: "failed", _tag: "NotFound" })
    assert.deepEqual(others, [])
  })

  it("changes nothing with a token that lacks the scope", async () => {
    const env = { POLAR_API_URL: acme.url, POLAR_ACCESS_TOKEN: powerless }
    const { code, stderr, stdout } = await run(["revoke", "--yes", dan, "--verbose"], env)
    assert.deepEqual({ code, stdout }, { code: 3, stdout: "" })
    const [request, why] = stderr.split("\n")
    assert.match(request ?? "", new RegExp(`^DELETE ${acme.url}/v1/customer-seats/${dan} -> 403 in \\d+ ms$`))
    assert.match(why ?? "", new RegExp(`^${dan}: .*scope`))
    assert.deepInclude(await acme.seatOf(dan), { status: "pending" })
  })
})
