import { assert, describe, it } from "vitest"
import { run } from "./process.ts"

const id = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
const POLAR_CUSTOMER_SESSION = "polar_cst_s3cret"
// Nothing listens there: a run that gets as far as asking ends with 1
const POLAR_API_URL = "http://127.0.0.1:1"

describe.concurrent("wrong use ends with 2 and says why", () => {
  it.for([
    ["no session", {}],
    ["an empty session", { POLAR_CUSTOMER_SESSION: "" }],
    ["a session with a line break", { POLAR_CUSTOMER_SESSION: "polar_cst_s3cret\nX-Evil: 1" }],
    ["a session outside ASCII", { POLAR_CUSTOMER_SESSION: "polar_cst_s3crét" }]
  ] as const)("%s", async ([, session]) => {
    const { code, stderr, stdout } = await run(["resend", id], { POLAR_API_URL, ...session })
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, /^POLAR_CUSTOMER_SESSION\b[^\n]*\n$/)
    assert.notMatch(stderr, /s3cr|Evil/)
  })

  it("http to another machine", async () => {
    const env = { POLAR_API_URL: "http://polar.example.test", POLAR_CUSTOMER_SESSION }
    const { code, stderr, stdout } = await run(["resend", id], env)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, /^POLAR_API_URL\b.*https/)
  })

  it.for([
    ["list", /--subscription or an --order/],
    [`list --subscription ${id} --order ${id}`, /--subscription or an --order/],
    [`resend ${id} --force`, /--force/]
  ] as const)("%s", async ([command, why]) => {
    const { code, stderr } = await run(command.split(" "), { POLAR_API_URL, POLAR_CUSTOMER_SESSION })
    assert.strictEqual(code, 2)
    assert.match(stderr, why)
  })
})

it("--help lists the commands", async () => {
  const { code, stderr, stdout } = await run(["--help"])
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
  for (const command of ["demo", "list", "resend", "emulator"]) {
    assert.match(stdout, new RegExp(`^ *${command} `, "m"))
  }
})
