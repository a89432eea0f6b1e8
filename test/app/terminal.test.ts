import { stripVTControlCharacters } from "node:util"
import { CliOutput } from "effect/cli"
import { assert, beforeAll, describe, it } from "vitest"
import { post, startEmulator } from "./runCli.ts"
import { ctrlC, hasTerminals, runOnTerminal } from "./terminal.ts"

const subscription = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const token = "polar_cst_s3cret"
const uuid = (start: string) => `${start}-0000-4000-8000-000000000000`
const long = "annemarie.featherstone@example.com"

const person = (start: string, email: string, name: string | null) => ({ id: uuid(start), email, name })
const people = [
  person("9f1c2b3a", long, "Annemarie"),
  person("2b7e1516", "tanaka@example.jp", "田中太郎"),
  person("6bc1bee2", "party@example.com", "Zoë 🎉"),
  person("874d6191", "kim@example.kr", "김민수")
]

const seatOf = (at: number, fields: Readonly<Record<string, unknown>>) => ({
  id: people[at]?.id,
  subscription_id: subscription,
  customer_id: customer,
  member_id: people[at]?.id,
  email: people[at]?.email,
  invitation_token: `s3cret-${at}`,
  ...fields
})

let url: string
beforeAll(async () => {
  const emulator = await startEmulator()
  url = emulator.firstLine
  const seeded = await post(`${url}/_emulator/seed`, {
    organizations: [{ slug: "acme" }],
    products: [{ id: product, organization: "acme", name: "Acme Pro" }],
    customers: [{ id: customer, organization: "acme", email: "billing@example.com" }],
    members: people.map((each) => ({ ...each, customer })),
    subscriptions: [{ id: subscription, product, customer, seats: 406 }],
    seats: [
      seatOf(0, { status: "pending", invitation_token_expires_at: "+5 hours" }),
      seatOf(1, { status: "pending", invitation_token_expires_at: "-48 hours" }),
      seatOf(2, { status: "claimed", claimed_at: "-3 hours", invitation_token: null }),
      seatOf(3, { status: "pending", invitation_token_expires_at: "+20 hours" }),
      ...Array.from({ length: 400 }, (_, index) => ({
        subscription_id: subscription,
        customer_id: customer,
        status: "pending",
        email: `many${index}@example.org`,
        invitation_token: `s3cret-many-${index}`,
        invitation_token_expires_at: "+20 hours"
      }))
    ],
    tokens: [{ token, customer }]
  })
  assert.strictEqual(seeded.status, 200, JSON.stringify(seeded.body))
  return async () => void (await emulator.stop())
})

// SHOW_SESSION=1 prints the session as the terminal shows it
const isShown = process.env["SHOW_SESSION"]

describe.runIf(hasTerminals).each([80, 60])("on a terminal of %i columns, which needs python3", (columns) => {
  const shown: Array<string> = []
  const show = async (args: ReadonlyArray<string>, env = {}, type?: Parameters<typeof runOnTerminal>[1]["type"]) => {
    const all = { POLAR_API_URL: url, POLAR_CUSTOMER_SESSION: token, ...env }
    const ended = await runOnTerminal(args, { columns, env: all, ...(type === undefined ? {} : { type }) })
    shown.push(`$ polar-seats ${args.join(" ")}`, ...ended.lines, `[${ended.code}]`)
    if (isShown !== undefined) process.stdout.write(`${shown.splice(0).join("\n")}\n`)
    return ended
  }
  const assertFits = (lines: ReadonlyArray<string>) => {
    for (const line of lines) assert.isAtMost(CliOutput.displayWidth(line), columns, line)
  }

  it("the help fits, with bold titles", async () => {
    const { code, lines } = await show(["list", "--help"])
    assert.strictEqual(code, 0)
    assertFits(lines)
    assert.include(lines, "\u001b[1mEXIT CODES\u001b[0m")
  })

  const list = ["list", "--subscription", subscription, "--to", "*@example.com", "--to", "*@example.jp", "--to", "*.kr"]

  it("a list fits with whole addresses and aligned columns", async () => {
    const { code, lines } = await show(list)
    assert.strictEqual(code, 0)
    assertFits(lines)
    const text = stripVTControlCharacters(lines.join("\n"))
    for (const { email, id } of people) {
      assert.include(text, email)
      assert.match(text, new RegExp(`^${id.slice(0, 8)}…  `, "m"))
    }
    // Between the last two columns there are two blanks, and a name has at most one
    const starts = lines.slice(0, 5).map((line) => {
      const [before = ""] = /^.*\s\s(?=\S)/.exec(stripVTControlCharacters(line)) ?? []
      return CliOutput.displayWidth(before)
    })
    assert.lengthOf(new Set(starts), 1, text)
    // There is room for the names at 80 columns
    assert.strictEqual(text.includes("田中太郎") && text.includes("Zoë 🎉"), columns === 80)
  })

  it("a list is coloured unless NO_COLOR or TERM forbids it", async () => {
    const [coloured, plain, dumb] = [
      await show(list),
      await show(list, { NO_COLOR: "1" }),
      await show(list, { TERM: "dumb" })
    ]
    assert.include(coloured.shown, "\u001b[32m")
    assert.include(coloured.shown, "\u001b[31m")
    assert.notInclude(plain.shown + dumb.shown, "\u001b")
    assert.strictEqual(stripVTControlCharacters(coloured.shown), plain.shown)
  })

  it("a resend of a dead link says so", async () => {
    const { lines } = await show(["resend", people[1]?.id ?? ""])
    assert.match(lines.join("\n"), /expired 48 h ago|dead/)
  })

  it(
    "a run of hundreds shows its progress, and after Ctrl-C counts and ten ids of each group",
    { timeout: 40_000 },
    async () => {
      await post(`${url}/_emulator/faults`, { rules: [{ method: "POST", times: 10_000, delay_ms: 100 }] })
      const remind = ["remind", "--subscription", subscription, "--yes", "--pace", "0"]
      const { code, lines, shown } = await show(remind, {}, [
        ctrlC,
        (shown) => Number(/^[^]*Mailing (\d+)\//.exec(shown)?.[1]) >= 40
      ])
      assert.strictEqual(code, 130)
      assert.match(shown, /Mailing \d+\/402/)
      for (const drawn of shown.split("\r\u001b[2K").map((line) => line.split("\r")[0] ?? "")) {
        // The terminal itself shows ^C where it was typed
        if (drawn.includes("Mailing")) assert.isBelow(CliOutput.displayWidth(drawn.replace("^C", "")), columns)
      }
      const text = lines.join("\n")
      assert.match(text, /^Of 404 seats: \d+ resent, 0 reissued, 2 skipped, 0 failed, \d+ unknown, \d+ not begun\.$/m)
      assert.match(text, /^resent: (?:\S{36} ){10}… and \d+ more$/m)
      assert.match(text, /^not begun: (?:\S{36} ){10}… and \d+ more$/m)
      assert.isBelow(lines.length, 15)
    }
  )
})

describe.skipIf(!hasTerminals)("a question", () => {
  it.for(["SIGTERM", "hang up"])("that %s ends says that nothing was done", async (ending) => {
    const { code, stderr } = await runOnTerminal(["revoke", people[2]?.email ?? "", "--subscription", subscription], {
      columns: 80,
      env: { POLAR_API_URL: url, POLAR_CUSTOMER_SESSION: token, STDERR_APART: "1" },
      type: [ending, (shown) => shown.includes("(y/N)")]
    })
    assert.deepEqual({ code, stderr }, { code: 130, stderr: "\nInterrupted. Nothing was revoked.\n" })
  })
})

describe.skipIf(!hasTerminals)("a slow terminal", () => {
  it.for([["--utc"], ["--json"]])("gets no more lines after Ctrl-C: list %s", { timeout: 40_000 }, async (flags) => {
    const { code, shown } = await runOnTerminal(
      ["list", "--subscription", subscription, "--sort", "status", ...flags],
      {
        columns: 80,
        env: { POLAR_API_URL: url, POLAR_CUSTOMER_SESSION: token, SLOWLY: "1" },
        type: [ctrlC, (shown) => shown.includes("many3@")]
      }
    )
    assert.strictEqual(code, 130)
    assert.match(shown, /^\d+ lines are missing from stdout, because the command was interrupted/m)
  })
})
