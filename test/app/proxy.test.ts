import { randomUUID } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, type TestContext } from "vitest"
import { session, startAcme, subscription } from "./acme.ts"
import { startConnectProxy, startSecurePolar, writeCertificate } from "./connectProxy.ts"
import { linesOf } from "./jsonLines.ts"
import { run } from "./runCli.ts"

const list = ["list", "--subscription", subscription]
const ann = "Basic YW5uOnMzY3JldA=="
const id = randomUUID()

let acme: Awaited<ReturnType<typeof startAcme>>
let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polar-seats-"))
  await writeCertificate(join(folder, "polar.pem"))
  const invitation = { invitation_token: "s3cret", invitation_token_expires_at: "2100-01-01T00:00:00Z" }
  acme = await startAcme(2, [{ id, status: "pending", email: "ann@acme.com", ...invitation }])
})
afterAll(async () => {
  await acme.stop()
  await rm(folder, { recursive: true })
})

/** https://polar.test before the emulator, and a proxy that finds it. */
const startBehindProxy = async (test: TestContext, refuses?: string) => {
  const polar = await startSecurePolar(test, acme.url)
  const proxy = await startConnectProxy(test, refuses === undefined ? {} : { refuses })
  const env = {
    POLAR_API_URL: polar.url,
    POLAR_CUSTOMER_SESSION: session,
    NODE_EXTRA_CA_CERTS: join(folder, "polar.pem")
  }
  return { polar, proxy, env, withPassword: `http://ann:s3cret@${proxy.address}` }
}

describe("the command goes through the proxy that the environment names", () => {
  it.for([
    ["HTTPS_PROXY", {}],
    // Node's switch makes its own clients use the proxy. The request must not go through it twice
    ["HTTPS_PROXY", { NODE_USE_ENV_PROXY: "1" }],
    ["HTTPS_PROXY", { NODE_OPTIONS: "--use-env-proxy" }],
    ["HTTPS_PROXY", { NO_PROXY: "example.com,127.0.0.1" }],
    // The spelling in lower case wins, as it does for Node and curl
    ["https_proxy", { HTTPS_PROXY: "http://127.0.0.1:1" }]
  ] as const)("%s, with %j", async ([name, more], test) => {
    const { env, polar, proxy, withPassword } = await startBehindProxy(test)
    // The scheme may be absent, as curl has it
    const value = "NO_PROXY" in more ? withPassword.replace("http://", "") : withPassword
    const { code, stderr, stdout } = await run([...list, "--verbose"], { ...env, ...more, [name]: value })
    assert.strictEqual(code, 0, stderr)
    assert.include(stdout, "ann@acme.com")
    assert.deepEqual(proxy.ledger, [`CONNECT ${polar.host}`])
    assert.deepEqual(proxy.credentials, [ann])
  })

  it("HTTP_PROXY, for a host that is allowed by name", async (test) => {
    const { env, proxy, withPassword } = await startBehindProxy(test)
    const { port } = new URL(acme.url)
    const all = { ...env, POLAR_API_URL: `http://polar-emulator:${port}`, HTTP_PROXY: withPassword }
    const refused = await run(list, all)
    assert.deepEqual([refused.code, refused.stdout], [2, ""])
    assert.match(refused.stderr, /^POLAR_API_URL\b.*--allow-host/)
    const other = await run(["--allow-host", "emulator", ...list], all)
    assert.strictEqual(other.code, 2)
    assert.deepEqual(proxy.ledger, [])

    const { code, stderr, stdout } = await run(
      [...list, "--allow-host", "other", "--allow-host", "polar-emulator"],
      all
    )
    assert.strictEqual(code, 0, stderr)
    assert.include(stdout, "ann@acme.com")
    const path = `/v1/customer-portal/seats?subscription_id=${subscription}`
    assert.deepEqual(proxy.ledger, [`GET http://polar-emulator:${port}${path}`])
    assert.deepEqual(proxy.credentials, [ann])
  })
})

describe("the command goes past the proxy", () => {
  it.for([
    [{ NO_PROXY: "polar.test" }],
    [{ no_proxy: "polar.test", NO_PROXY: "other.test" }],
    [{ NODE_USE_ENV_PROXY: "0" }],
    [{ HTTPS_PROXY: "" }]
  ] as const)("to a host that it is not for: %j", async ([more], test) => {
    const { env, proxy, withPassword } = await startBehindProxy(test)
    // Without the proxy, nobody knows this name
    const { code, stderr } = await run([...list, "--verbose"], { ...env, HTTPS_PROXY: withPassword, ...more })
    assert.strictEqual(code, 1)
    assert.include(stderr, "was not sent")
    assert.deepEqual(proxy.ledger, [])
  })

  it.for(["localhost", "127.9.9.9"])("to this machine, by %s", async (host, test) => {
    const { env, proxy, withPassword } = await startBehindProxy(test)
    const POLAR_API_URL = acme.url.replace("127.0.0.1", host)
    const { code, stderr } = await run(list, { ...env, POLAR_API_URL, HTTP_PROXY: withPassword })
    // The emulator listens on 127.0.0.1 alone
    assert.strictEqual(code, host === "127.9.9.9" ? 1 : 0, stderr)
    assert.deepEqual(proxy.ledger, [])
  })
})

describe("a proxy that cannot be used", () => {
  it.for(["407 Proxy Authentication Required", "502 Bad Gateway"])(
    "that answers %s leaves the mail unsent, and says so without its password",
    async (refuses, test) => {
      const { env, proxy, withPassword } = await startBehindProxy(test, refuses)
      const { code, stderr, stdout } = await run(["resend", id, "--json", "--verbose"], {
        ...env,
        HTTPS_PROXY: withPassword
      })
      assert.strictEqual(code, 1)
      assert.match(stderr, /was not sent[^]*ERR_PROXY_TUNNEL/)
      assert.propertyVal(linesOf(stdout)[0], "outcome", "failed")
      assert.isAtLeast(proxy.ledger.length, 1)
      assert.deepEqual(await acme.mails(), [])
    }
  )

  it.for(["http://ann:s3cret@[bad", "socks5://ann:s3cret@127.0.0.1:1080", "http://ann:s3cret@127.0.0.1:99999"])(
    "because its URL is %s ends the command with 2, and names the variable alone",
    async (HTTPS_PROXY) => {
      const args = HTTPS_PROXY.startsWith("socks5") ? ["emulator"] : HTTPS_PROXY.endsWith("99999") ? ["demo"] : list
      const env = { POLAR_API_URL: "https://polar.test", POLAR_CUSTOMER_SESSION: session, HTTPS_PROXY }
      const { code, stderr, stdout } = await run(args, env)
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
      assert.match(stderr, /^HTTPS_PROXY: is not the URL of an http or https proxy[^\n]*\n$/)
    }
  )

  it("because Node is too old for proxies ends the command with 2, unless the proxy is off", async () => {
    const older = "Object.defineProperty(process,'allowedNodeEnvironmentFlags',{value:new Set()})"
    const env = {
      POLAR_API_URL: "http://127.0.0.1:1",
      POLAR_CUSTOMER_SESSION: session,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(older)}`
    }
    const { code, stderr, stdout } = await run(list, { ...env, https_proxy: "http://127.0.0.1:1" })
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(
      stderr,
      /nothing was sent\. Run the command with Node 22\.21, 24\.5 or newer, or set NODE_USE_ENV_PROXY=0/
    )
    assert.strictEqual((await run(list, { ...env, https_proxy: "x", NODE_USE_ENV_PROXY: "0" })).code, 1)
  })
})
