import { assert, beforeAll, beforeEach, describe, it } from "vitest"
import { get, startEmulator } from "../app/runCli.ts"
import { postRaw, type RawRequest, sendRaw } from "./wire.ts"
import { fill, owner, session, subscription, webhookSecret } from "./world.ts"

let url = ""
beforeAll(async () => {
  const emulator = await startEmulator("--allow-host", "polar-emulator")
  url = emulator.firstLine
  return async () => void (await emulator.stop())
})
beforeEach(() => fill(url))

const send = (request: RawRequest) => sendRaw(url, request)
const postJson = (name: string, body: unknown, headers?: RawRequest["headers"]) => postRaw(url, name, body, headers)
const portOf = () => new URL(url).port

// All that a page gets at if its name points to this machine, or if its requests get through
const reads = ["outbox", "requests", "webhooks", "settings", "health"].map((name) => `/_emulator/${name}`)
const changes: ReadonlyArray<readonly [path: string, body: unknown]> = [
  ["seed", {}],
  ["settings", { webhook: { url: "http://127.0.0.1:9/other" } }],
  ["cancel", { subscription_id: subscription }],
  ["delete-member", { member_id: owner }],
  ["faults", { rules: [{ status: 200, headers: { "content-type": "text/html" }, body: "<script></script>" }] }],
  ["clock", { advance_seconds: 60 }]
]
const everything = async () =>
  JSON.stringify(await Promise.all(["outbox", "webhooks", "settings"].map((name) => get(`${url}/_emulator/${name}`))))

describe("a name that is not of this machine", () => {
  const hosts = [
    "evil.example",
    "evil.example:80",
    "localhost.evil.example",
    "x.localhost",
    "127.0.0.1.evil.example",
    "evil.example@localhost",
    "192.168.1.5",
    "[fe80::1]",
    "polar-emulator.evil.example",
    ""
  ]
  it.for(hosts)("%s opens neither the control API nor the page", async (host) => {
    for (const path of [...reads, "/", "/page.js", "/page.css", "/page.json"]) {
      const answer = await send({ path, headers: { host } })
      assert.include([400, 403], answer.status, path)
      assert.notInclude(answer.body, "acme")
    }
  })

  it("changes nothing", async () => {
    const before = await everything()
    for (const [path, body] of changes) {
      assert.strictEqual((await postJson(path, body, { host: "evil.example" })).status, 403, path)
    }
    for (const path of reads.slice(0, 3)) {
      assert.strictEqual((await send({ method: "DELETE", path, headers: { host: "evil.example" } })).status, 403)
    }
    assert.strictEqual(await everything(), before)
  })

  it("gets no answer of a fault, but Polar's routes, which every origin may call", async () => {
    await postJson("faults", { rules: [{ path: "/v1/evil", status: 200, body: "<script></script>" }] })
    const host = "evil.example"
    assert.strictEqual((await send({ path: "/v1/evil", headers: { host } })).status, 403)
    const path = `/v1/customer-portal/seats?subscription_id=${subscription}`
    const listed = await send({ path, headers: { host, authorization: `Bearer ${session}` } })
    assert.strictEqual(listed.status, 200)
  })

  it("is told how to be allowed", async () => {
    const answer = await send({ path: "/_emulator/outbox", headers: { host: "polar.test:8787" } })
    assert.match(answer.body, /polar\.test.*--allow-host/)
  })
})

it.for([
  "localhost",
  "LOCALHOST:1",
  "127.0.0.1:8787",
  "127.9.9.9",
  "[::1]:80",
  "polar-emulator",
  "polar-emulator:8787"
])("the name %s of this machine, or of --allow-host, opens the control API and the page", async (host) => {
  for (const path of ["/_emulator/outbox", "/page.json"]) {
    assert.strictEqual((await send({ path, headers: { host } })).status, 200, path)
  }
})

it("an emulator that others may reach is called by any address, and by no other name", async ({ onTestFinished }) => {
  const open = await startEmulator("--host", "0.0.0.0", "--allow-anyone-to-connect")
  onTestFinished(async () => void (await open.stop()))
  const at = `http://127.0.0.1:${new URL(open.firstLine).port}`
  for (const [host, status] of [
    ["192.168.1.5:8787", 200],
    ["[2001:db8::1]", 200],
    ["localhost", 200],
    ["evil.example", 403],
    ["polar-emulator", 403]
  ] as const) {
    assert.strictEqual((await sendRaw(at, { path: "/_emulator/health", headers: { host } })).status, status, host)
  }
})

describe("a page of another origin", () => {
  const foreign = (): ReadonlyArray<Readonly<Record<string, string>>> => [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: `http://localhost:${portOf()}` },
    { origin: "http://127.0.0.1:1" },
    { origin: "nonsense" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: url, "sec-fetch-site": "cross-site" }
  ]

  it("neither reads nor changes anything", async () => {
    const before = await everything()
    for (const headers of foreign()) {
      for (const path of [...reads, "/page.json"]) {
        assert.strictEqual((await send({ path, headers })).status, 403, `${path} ${JSON.stringify(headers)}`)
      }
      for (const [path, body] of changes) {
        assert.strictEqual((await postJson(path, body, headers)).status, 403, `${path} ${JSON.stringify(headers)}`)
      }
      const deleted = await send({ method: "DELETE", path: "/_emulator/outbox", headers })
      assert.strictEqual(deleted.status, 403)
      const preflight = { "access-control-request-method": "DELETE", ...headers }
      const asked = await send({ method: "OPTIONS", path: "/_emulator/outbox", headers: preflight })
      assert.deepEqual([asked.status, asked.headers.has("access-control-allow-origin")], [403, false])
    }
    assert.strictEqual(await everything(), before)
  })

  it("and the page itself are told apart", async () => {
    for (const headers of [{ origin: url, "sec-fetch-site": "same-origin" }, { "sec-fetch-site": "none" }, {}]) {
      assert.strictEqual((await postJson("clock", { advance_seconds: 1 }, headers)).status, 200)
    }
  })
})

describe("a control call with a body", () => {
  const body = JSON.stringify({ sandbox: true })
  it.for([
    undefined,
    "text/plain",
    "text/plain;charset=UTF-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain; application/json",
    "application/jsonp",
    ""
  ])("with the type %s is refused with a 415 that says what to do", async (type) => {
    const headers = type === undefined ? {} : { "content-type": type }
    for (const [path] of changes) {
      const answer = await send({ method: "POST", path: `/_emulator/${path}`, headers, body })
      assert.strictEqual(answer.status, 415, path)
      assert.match(answer.body, /content-type: application\/json/)
    }
    const chunked = await send({
      method: "POST",
      path: "/_emulator/settings",
      headers: { ...headers, "content-length": undefined, "transfer-encoding": "chunked" },
      body: "2\r\n{}\r\n0\r\n\r\n"
    })
    assert.strictEqual(chunked.status, 415)
    assert.deepInclude(await get(`${url}/_emulator/settings`), { sandbox: false })
  })

  it.for(["application/json", "Application/JSON; charset=utf-8", "application/json ;x"])(
    "with the type %s is done",
    async (type) => {
      const answer = await send({
        method: "POST",
        path: "/_emulator/settings",
        headers: { "content-type": type },
        body
      })
      assert.strictEqual(answer.status, 200)
    }
  )
})

it("a script for a service worker is served nowhere", async () => {
  const script = {
    status: 200,
    headers: { "content-type": "text/javascript" },
    body: "addEventListener('fetch',()=>{})"
  }
  await postJson("faults", { rules: [{ path: "/v1/sw.js", ...script }] })
  for (const path of ["/v1/sw.js", "/page.js", "/_emulator/outbox", "/v1/nothing", "/"]) {
    const answer = await send({ path, headers: { "service-worker": "script" } })
    assert.strictEqual(answer.status, 403, path)
  }
})

it("the answer of a fault is sandboxed and never sniffed, whatever its rule says", async () => {
  for (const headers of [
    {},
    { "content-security-policy": "default-src *", "x-content-type-options": "sniff" },
    { "Content-Security-Policy": "sandbox allow-scripts allow-same-origin", "X-Content-Type-Options": "" }
  ]) {
    for (const status of [200, 404, 503]) {
      await postJson("faults", { rules: [{ path: "/v1/evil", status, headers, body: "<script></script>" }] })
      const answer = await send({ path: "/v1/evil" })
      assert.strictEqual(answer.status, status)
      assert.include(answer.headers.get("content-security-policy")?.split(/\s*,\s*/) ?? [], "sandbox")
      assert.strictEqual(answer.headers.get("x-content-type-options"), "nosniff")
    }
  }
})

it("the secret of the webhook is told by no answer, only that it is set", async () => {
  const told = [
    await postJson("settings", { sandbox: true }),
    ...(await Promise.all([...reads, "/", "/page.js", "/page.json"].map((path) => send({ path }))))
  ]
  for (const answer of told) {
    assert.strictEqual(answer.status, 200)
    assert.notInclude(answer.body, webhookSecret)
  }
  const webhook = { url: "http://127.0.0.1:9/hook", has_secret: true }
  assert.deepInclude(await get(`${url}/_emulator/settings`), { webhook })
  const refused = await postJson("settings", { webhook: { url: "http://127.0.0.1:9/", secret: ` ${webhookSecret}` } })
  assert.strictEqual(refused.status, 422)
  assert.notInclude(refused.body, webhookSecret)
})

it.for([
  "http://192.168.1.5/",
  "http://10.0.0.1:22/",
  "http://[fe80::1]/",
  "http://evil.example/",
  "http://user:s3cret@127.0.0.1/",
  "file:///etc/passwd",
  "gopher://127.0.0.1/"
])("a webhook does not go to %s", async (to) => {
  const answer = await postJson("settings", { webhook: { url: to } })
  assert.strictEqual(answer.status, 422)
  assert.notInclude(answer.body, "s3cret")
})
