import { assert, beforeAll, describe, it } from "vitest"
import { customer, externalCustomer, organization, powerless, startAcme, subscription } from "./acme.ts"
import { launch, whenEnded } from "../../scripts/launch.ts"
import { linesOf } from "./jsonLines.ts"
import { get, main, post, run, startEmulator } from "./runCli.ts"

const ann = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
const ben = "2b7e1516-28ae-4d2a-abf7-158809cf4f3c"
const cleo = "f3b1a2c4-5d6e-4f70-8a9b-0c1d2e3f4a5b"
const dan = "ae2d8a57-1e03-4c9c-9eb7-6fac45af8e51"
const flo = "0f3d9a52-7b1c-4e0d-8a55-2f9f0a3f6a11"
const eve = "6bc1bee2-2e40-4f96-b93d-7e117393172a"

// As long as Polar's. Without this, a dead invitation counts as one that was not copied as a whole
const whole = (name: string) => `s3cret-${name}`.padEnd(43, "-")

const pending = (id: string, name: string) => ({
  id,
  status: "pending",
  email: `${name}@acme.com`,
  invitation_token: `s3cret-${name}`
})

let acme: Awaited<ReturnType<typeof startAcme>>
beforeAll(async () => {
  acme = await startAcme(7, [
    pending(ann, "ann"),
    pending(ben, "ben"),
    pending(cleo, "cleo"),
    pending(dan, "dan"),
    pending(flo, "flo"),
    { ...pending(eve, "eve"), invitation_token: whole("eve"), invitation_token_expires_at: "2020-01-01T00:00:00Z" }
  ])
  return acme.stop
})

const claim = (args: ReadonlyArray<string>, stdin: string, showsSession = false) =>
  run(["claim", ...args], { POLAR_API_URL: acme.url }, { stdin, showsSession })

const seatsWith = (token: string) =>
  get(`${acme.url}/v1/customer-portal/seats?subscription_id=${subscription}`, token) as Promise<{ total_seats: number }>

describe.concurrent("claim", () => {
  it("shows what an invitation is for, then claims the seat, and prints no session", async () => {
    const info = await claim(["--info", "--verbose"], "s3cret-ann\nand no more\n")
    assert.deepInclude(info, { code: 0, stdout: "A seat of Acme Pro, by Acme (acme), for ann@acme.com.\n" })
    assert.match(info.stderr, new RegExp(`^GET ${acme.url}/v1/customer-seats/claim/… -> 200 in \\d+ ms\n$`))
    assert.deepInclude(await acme.seatOf(ann), { status: "pending" })

    const claimed = await claim([], "s3cret-ann")
    assert.deepEqual(claimed, { code: 0, stdout: `${ann}: claimed by ann@acme.com\n`, stderr: "" })
    assert.deepInclude(await acme.seatOf(ann), { status: "claimed" })
  })

  it("prints what Polar sends with --info --json, for the link in POLAR_INVITATION_TOKEN", async () => {
    const env = {
      POLAR_API_URL: acme.url,
      POLAR_INVITATION_TOKEN: "https://polar.sh/acme/portal/claim?token=s3cret-dan"
    }
    const { code, stderr, stdout } = await run(["claim", "--info", "--json"], env, { stdin: "s3cret-ann" })
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.deepEqual(JSON.parse(stdout), await get(`${acme.url}/v1/customer-seats/claim/s3cret-dan`))
  })

  it("prints a session that works with --show-session, once", async () => {
    const first = await claim(["--show-session"], "s3cret-ben", true)
    assert.deepInclude(first, { code: 0, stderr: "" })
    const [line, token = "", end] = first.stdout.split("\n")
    assert.strictEqual(line, `${ben}: claimed by ben@acme.com`)
    assert.strictEqual((await seatsWith(token)).total_seats, 7)
    assert.strictEqual(end, "")
  })

  it("prints JSON without the session unless asked for it", async () => {
    const { code, stderr, stdout } = await claim(["--json"], "s3cret-cleo")
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    const [line] = linesOf(stdout)
    assert.hasAllKeys(line, ["id", "outcome", "seat"])
    assert.deepInclude(line.seat, { id: cleo, status: "claimed", email: "cleo@acme.com" })
  })

  it("refuses an expired invitation", async () => {
    const { code, stderr, stdout } = await claim(["--json"], whole("eve"))
    assert.strictEqual(code, 3)
    const [{ error }] = linesOf(stdout)
    assert.strictEqual(error._tag, "InvalidInvitation")
    assert.strictEqual(stderr, `${error.message}\n`)
  })

  it("calls no invitation dead if its token may be cut", async () => {
    const cut = await claim(["--json"], `https://polar.sh/acme/portal/claim?token=${whole("eve").slice(0, 40)}\n`)
    assert.deepInclude(cut, { code: 2, stdout: "" })
    assert.match(cut.stderr, /^Polar does not know the invitation, so no seat was claimed\. The token has 40 .*43/)
  })

  it.for([
    ["sandbox", "production"],
    ["production", "sandbox"]
  ] as const)("sends no link of %s to %s", async ([of, asked]) => {
    const host = of === "sandbox" ? "sandbox.polar.sh" : "polar.sh"
    const link = `https://${host}/acme/portal/claim?token=${whole("dan")}`
    const { code, stderr, stdout } = await run(["claim"], { POLAR_ENVIRONMENT: asked }, { stdin: link })
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.strictEqual(
      stderr,
      `The link is of Polar's ${of} environment, and the command would ask ${asked}, so nothing was sent. ` +
        `Set POLAR_ENVIRONMENT to ${of}.\n`
    )
  })

  const link = "https://polar.sh/acme/portal/claim?utm_source=mail&token=s3cret-flo"
  const safe = `https://eur02.safelinks.protection.outlook.com/?url=${encodeURIComponent(link)}&data=05&reserved=0`

  it.for([`<${safe}>`, `[Accept your invitation](${link.replace("&", "&amp;")})`, `\n  "${link}"\r\nmore\n`])(
    "reads a link as people have it: %j",
    async (given) => {
      assert.include((await claim(["--info"], given)).stdout, "for flo@acme.com")
    }
  )

  it("reads such a link in POLAR_INVITATION_TOKEN", async () => {
    const env = { POLAR_API_URL: acme.url, POLAR_INVITATION_TOKEN: `[Accept your invitation](${safe})` }
    assert.include((await run(["claim", "--info"], env)).stdout, "for flo@acme.com")
  })

  it.for([
    ["https://polar.sh/acme/portal/claim", /^stdin has no invitation, so nothing was sent\./],
    ["https://polar.sh/acme/portal/claim?token=", /^stdin has no invitation/],
    ["You have been invited", /^stdin has no invitation/],
    ["\0".repeat(10_000), /^The first line on stdin has more than 8192 characters/],
    [`${" ".repeat(10_000)}\n`, /^The first line on stdin has more than 8192 characters/]
  ] as const)("ends with 2 and sends nothing if stdin is %j", async ([stdin, why]) => {
    const ended = await run(["claim", "--verbose"], { POLAR_API_URL: acme.url }, { stdin })
    assert.deepInclude(ended, { code: 2, stdout: "" })
    assert.match(ended.stderr, why)
    // With --verbose, each request is a line
    assert.match(ended.stderr, /^[^\n]*\n$/)
  })

  it("ends with 2 at once if stdin has no end", async () => {
    const launched = launch("/bin/sh", ["-c", `exec "${process.execPath}" "${main}" claim < /dev/zero`], { env: {} })
    const { code, stderr, stdout } = await whenEnded(launched)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, /^The first line on stdin has more than 8192 characters, so it is no invitation, .*\n$/)
  })

  it("ends with 2 without a token, with a broken token, or with a token as an argument", async () => {
    const env = { POLAR_API_URL: acme.url }
    for (const [ended, why] of await Promise.all([
      Promise.all([run(["claim"], env), /^POLAR_INVITATION_TOKEN is missing/] as const),
      Promise.all([
        run(["claim"], { ...env, POLAR_INVITATION_TOKEN: "s3cret ann" }),
        /^POLAR_INVITATION_TOKEN/
      ] as const),
      Promise.all([run(["claim", "s3cret-ann"], env), /argument that it does not take[^]*claim --help/] as const)
    ])) {
      assert.deepInclude(ended, { code: 2, stdout: "" })
      assert.match(ended.stderr, why)
    }
  })
})

const session = (args: ReadonlyArray<string>, token = organization) =>
  run(["session", ...args], { POLAR_API_URL: acme.url, POLAR_ACCESS_TOKEN: token }, { showsSession: true })

describe.concurrent("session", () => {
  it("prints only the token on stdout, and its expiry on stderr", async () => {
    const { code, stderr, stdout } = await session(["--customer", customer])
    assert.strictEqual(code, 0)
    assert.match(stdout, /^polar_(cst|mst)_\w+\n$/)
    assert.match(stderr, /^The session is valid until 20\d\d-\S+Z\.\n$/)
    assert.strictEqual((await seatsWith(stdout.trim())).total_seats, 7)
  })

  it("prints the token, its expiry and its customer with --json", async () => {
    const { code, stderr, stdout } = await session(["--external-customer", externalCustomer, "--json"])
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    const { customer_id, expires_at, token, ...rest } = JSON.parse(stdout)
    assert.deepEqual({ customer_id, rest }, { customer_id: customer, rest: {} })
    assert.closeTo(Date.parse(expires_at), Date.now() + 3_600_000, 60_000)
    assert.strictEqual((await seatsWith(token)).total_seats, 7)
  })

  it.for([
    ["Forbidden", ["--customer", customer], powerless],
    ["InvalidRequest", ["--customer", customer, "--external-member", "nobody"], organization]
  ] as const)("reports %s with exit code 3: %s", async ([tag, args, token]) => {
    const { code, stderr, stdout } = await session([...args, "--json"], token)
    assert.strictEqual(code, 3)
    const { error } = JSON.parse(stdout)
    assert.strictEqual(error._tag, tag)
    assert.strictEqual(stderr, `${error.message}\n`)
  })

  it("reports AmbiguousCustomer if a user token reaches two customers with the external id", async ({
    onTestFinished
  }) => {
    const { firstLine: url, stop } = await startEmulator()
    onTestFinished(async () => void (await stop()))
    const seeded = await post(`${url}/_emulator/seed`, {
      organizations: [{ slug: "acme" }, { slug: "globex" }],
      customers: ["acme", "globex"].map((organization) => ({
        organization,
        email: `billing@${organization}.com`,
        external_id: "shared-1"
      })),
      tokens: [{ token: "polar_pat_s3cret", user_of: ["acme", "globex"], scopes: ["customer_sessions:write"] }]
    })
    assert.strictEqual(seeded.status, 200)
    const env = { POLAR_API_URL: url, POLAR_ACCESS_TOKEN: "polar_pat_s3cret" }
    const { code, stderr, stdout } = await run(["session", "--external-customer", "shared-1", "--json"], env)
    assert.strictEqual(code, 3)
    const { error, outcome } = JSON.parse(stdout)
    assert.deepEqual([outcome, error._tag], ["failed", "AmbiguousCustomer"])
    assert.match(
      stderr,
      /have the external id shared-1, so no session was created\. .*give Polar's id of the customer\.\n$/
    )
  })

  it.for([
    ["no token", ["--customer", customer], "", /^POLAR_ACCESS_TOKEN is missing/],
    ["two members", ["--customer", customer, "--member", customer, "--external-member", "m"], organization, /not both/]
  ] as const)("ends with 2 for %s", async ([, args, token, why]) => {
    const { code, stderr, stdout } = await session(args, token)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, why)
  })
})
