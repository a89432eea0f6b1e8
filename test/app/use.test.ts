import { assert, describe, it } from "vitest"
import { run } from "./runCli.ts"

const id = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
const POLAR_CUSTOMER_SESSION = "polar_cst_s3cret"
// Nothing listens on this port, so a command that sends a request ends with 1
const POLAR_API_URL = "http://127.0.0.1:1"

describe.concurrent("wrong use ends with 2 and a reason", () => {
  it.for([
    ["neither a session nor an organization token", {}],
    ["an empty session", { POLAR_CUSTOMER_SESSION: "" }],
    ["a session with a line break", { POLAR_CUSTOMER_SESSION: "polar_cst_s3cret\nX-Evil: 1" }]
  ] as const)("%s", async ([, session]) => {
    const { code, stderr, stdout } = await run(["resend", id], { POLAR_API_URL, ...session })
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, /^POLAR_CUSTOMER_SESSION\b[^\n]*\n$/)
    assert.notMatch(stderr, /s3cr|Evil/)
  })

  // DNS may give a name below localhost any address
  it.for(["http://polar.example.test", "http://polar.localhost"])("http to another machine: %s", async (url) => {
    const env = { POLAR_API_URL: url, POLAR_CUSTOMER_SESSION }
    const { code, stderr, stdout } = await run(["resend", id], env)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, /^POLAR_API_URL\b.*https/)
  })

  it.for([
    [`list --subscription ${id} --order ${id}`, /--subscription or an --order/],
    [`resend ${id} --force`, /^polar-seats resend has no flag --force\.\nSee polar-seats resend --help\.\n$/],
    ["lsit", /^polar-seats has no command lsit\. Did you mean list\?\nSee polar-seats --help\.\n$/],
    [
      "lsit --subscription=x --expired",
      /^polar-seats has no command lsit\. Did you mean list\?\nSee polar-seats --help\.\n$/
    ],
    [`LIST --order ${id}`, /^polar-seats has no command LIST\. Did you mean list\?\nSee polar-seats --help\.\n$/],
    [`list --ORDER ${id}`, /^polar-seats list has no flag --ORDER\. Did you mean --order\?\nSee /],
    [
      `list -order=${id} -json`,
      /^polar-seats list has no flag -order\. Did you mean --order\?\n.* -json\..* --json\?\nSee /
    ],
    ["xyzzy", /^polar-seats has no command xyzzy\.\nSee polar-seats --help\.\n$/],
    [`list --subscripton ${id}`, /^polar-seats list has no flag --subscripton\. Did you mean --subscription\?\nSee /],
    [`list --order ${id} --jsno`, /^polar-seats list has no flag --jsno\. Did you mean --json\?\nSee /],
    ["claim --verison", /^polar-seats claim has no flag --verison\. Did you mean --version\?\nSee /],
    [
      `remind --order ${id} --on-expired reisue`,
      /"fail" \| "resend-anyway" \| "reissue"\nSee polar-seats remind --help/
    ]
  ] as const)("%s", async ([command, why]) => {
    const { code, stderr, stdout } = await run(command.split(" "), { POLAR_API_URL, POLAR_CUSTOMER_SESSION })
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, why)
    assert.notMatch(stderr, /USAGE/)
  })
})

describe.concurrent("a Polar that cannot be reached ends a command with 1 and a reason, for people and in JSON", () => {
  it.for([["assign", "--order", id, "--email", "ann@acme.com"], ["claim"], ["session", "--customer", id]])(
    "%s %s",
    async (args) => {
      const env = { POLAR_API_URL, POLAR_ACCESS_TOKEN: "polar_oat_s3cret", POLAR_INVITATION_TOKEN: "s3cret" }
      const { code, stderr, stdout } = await run([...args, "--json"], env)
      assert.strictEqual(code, 1)
      assert.match(stderr, /^[^\n]*was not sent[^\n]*\n$/)
      const { error } = JSON.parse(stdout.split("\n")[0] ?? "")
      assert.strictEqual(error._tag, "Unavailable")
      assert.include(stderr, error.message)
    }
  )
})

const commands = [
  "demo",
  "list",
  "resend",
  "remind",
  "reissue",
  "assign",
  "revoke",
  "claim",
  "session",
  "listen",
  "emulator"
]

it.concurrent("--help lists the commands, and names the variables of the tokens", async () => {
  const { code, stderr, stdout } = await run(["--help"])
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
  for (const command of commands) {
    assert.match(stdout, new RegExp(`^ *${command} `, "m"))
  }
  assert.match(stdout, /POLAR_CUSTOMER_SESSION,\s+or else [^]* POLAR_ACCESS_TOKEN/)
})

it.concurrent("--completions bash completes the commands and their flags", async () => {
  const { code, stderr, stdout } = await run(["--completions", "bash"])
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
  for (const word of [
    ...commands,
    "external-member",
    "immediate-claim",
    "show-session",
    "on-expired",
    "journal",
    "json",
    "verbose"
  ]) {
    assert.include(stdout, word)
  }
})

it("an older Node gets only a line with the version that is needed", async () => {
  const older = 'Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})'
  const { code, stderr, stdout } = await run(["--help"], {
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(older)}`
  })
  assert.deepEqual(
    { code, stderr, stdout },
    {
      code: 1,
      stderr: "polar-seats needs Node 22.19 or newer, but this is Node 20.20.2.\n",
      stdout: ""
    }
  )
})
