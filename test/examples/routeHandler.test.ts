import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, afterEach, assert, beforeAll, beforeEach, it, vi } from "vitest"
import { runToEnd } from "../../scripts/launch.ts"
import { get, post } from "../app/runCli.ts"
import { ann, ben, eve, organization, startAcme, subscription } from "./example.ts"

/** Globex is another customer of the organization, with a subscription of its own. */
const globex = {
  session: "session=other",
  customer: "7c5f5ad1-6a53-4a1b-8d5f-2a6f0d1c9b44",
  subscription: "b1d7a0c4-3f0e-4a53-9c37-5d0f6f4a8e21"
}
const acmeJson = JSON.parse(readFileSync(new URL("../../examples/acme.json", import.meta.url), "utf8"))
const pending = (subscription_id: string, customer_id: string, number: number) => ({
  id: `${subscription_id.slice(0, 8)}-0000-4000-8000-${String(number).padStart(12, "0")}`,
  subscription_id,
  customer_id,
  status: "pending",
  email: `${number}@${subscription_id.slice(0, 8)}.com`,
  invitation_token: `${number}-${subscription_id}`,
  invitation_token_expires_at: "2099-01-01T00:00:00Z"
})
const numbers = Array.from({ length: 100 }, (_, index) => index)
const ofAcme = numbers.map((number) => pending(subscription, acmeJson.customers[0].id, number))
const ofGlobex = numbers.map((number) => pending(globex.subscription, globex.customer, number))
const world = {
  ...acmeJson,
  customers: [
    ...acmeJson.customers,
    { id: globex.customer, organization: "acme", email: "billing@globex.com", external_id: "globex-1" }
  ],
  subscriptions: [
    { ...acmeJson.subscriptions[0], seats: 104 },
    { id: globex.subscription, product: acmeJson.products[0].id, customer: globex.customer, seats: 100 }
  ],
  seats: [...acmeJson.seats, ...ofAcme, ...ofGlobex]
}

let acme: Awaited<ReturnType<typeof startAcme>>
let routeHandler: typeof import("@polar-seats/examples/route-handler")
let printed = ""
beforeAll(async () => {
  acme = await startAcme()
  vi.stubEnv("POLAR_API_URL", acme.url)
  vi.stubEnv("POLAR_ACCESS_TOKEN", organization)
  vi.stubEnv("DEMO_SESSIONS", "me=acme-1,other=globex-1")
  vi.spyOn(console, "log").mockImplementation((...line) => void (printed += line.join(" ")))
})
const load = async () => {
  vi.resetModules()
  routeHandler = await import("@polar-seats/examples/route-handler")
}
beforeEach(async () => {
  assert.strictEqual((await post(`${acme.url}/_emulator/seed`, world)).status, 200)
  await load()
})
afterEach(async () => {
  await globalThis.polarSeats?.dispose()
  globalThis.polarSeats = undefined
})
afterAll(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await acme.stop()
})

const fault = (rules: ReadonlyArray<object>) =>
  post(`${acme.url}/_emulator/faults`, { rules: rules.map((rule) => ({ times: 1, ...rule })) })

const send = async (seatId: string, { cookie = "session=me", subscriptionId = subscription } = {}) => {
  const response = await routeHandler.POST(new Request("http://app.test", { method: "POST", headers: { cookie } }), {
    params: Promise.resolve({ subscriptionId, seatId })
  })
  const text = await response.text()
  assert.notMatch(text + printed, /s3cret|polar_(cst|mst|oat)_\w/)
  const { mayRetry, message } = JSON.parse(text)
  return { status: response.status, message, mayRetry, retryAfter: response.headers.get("retry-after") }
}
const requests = async () =>
  (await get(`${acme.url}/_emulator/requests`)) as ReadonlyArray<{ readonly path: string; readonly status: number }>
const minted = async () => (await requests()).filter(({ path }) => path.startsWith("/v1/customer-sessions")).length
const mailed = async () => (await acme.mails()).map(({ to, token }) => `${to} ${token}`)
const sentTo = (address: string) => ({
  status: 200,
  message: `The invitation was sent to ${address}.`,
  mayRetry: false,
  retryAfter: null
})

it("mails a live link again, with one session for all requests", async () => {
  assert.deepEqual(await send(ann), sentTo("ann@acme.com"))
  assert.deepEqual(await send(ofAcme[0]?.id ?? ""), sentTo(ofAcme[0]?.email ?? ""))
  assert.deepEqual(await mailed(), ["ann@acme.com ann", `${ofAcme[0]?.email} ${ofAcme[0]?.invitation_token}`])
  assert.strictEqual(await minted(), 1)
})

const clickThrice = (seatId: string) => Promise.all([send(seatId), send(seatId), send(seatId)])

it("mails a live link once for three clicks, and says when the next mail may leave", async () => {
  const answers = await clickThrice(ann)
  const refused = answers.filter(({ status }) => status === 429)
  assert.lengthOf(refused, 2)
  for (const { mayRetry, retryAfter } of refused) {
    assert.isTrue(mayRetry)
    assert.isTrue(Number(retryAfter) > 0 && Number(retryAfter) <= 60, String(retryAfter))
  }
  assert.deepInclude(await send(ann), { status: 429 })
  assert.deepEqual(await mailed(), ["ann@acme.com ann"])
})

it("mails one new link for three clicks on a dead one", async () => {
  const answers = await clickThrice(eve)
  assert.includeMembers([200, 429], [...new Set(answers.map(({ status }) => status))])
  const done = answers.filter(({ status }) => status === 200)
  assert.isNotEmpty(done)
  for (const answer of done) assert.deepEqual(answer, sentTo("eve@acme.com"))
  assert.lengthOf(await mailed(), 1)
})

it(
  "acts for two buyers, each through a session of its own, in a hundred requests each",
  { timeout: 60_000 },
  async () => {
    const answers = numbers.flatMap((number) => [
      send(ofAcme[number]?.id ?? ""),
      send(ofGlobex[number]?.id ?? "", { cookie: globex.session, subscriptionId: globex.subscription })
    ])
    assert.deepEqual([...new Set((await Promise.all(answers)).map(({ status }) => status))], [200])
    assert.sameMembers(
      (await mailed()).map((mail) => mail.replace(/ .*/, "")),
      [...ofAcme, ...ofGlobex].map(({ email }) => email)
    )
    assert.strictEqual(await minted(), 2)
    // Polar answers a session of one buyer with 404 if it asks for the other's subscription or seat
    const refused = (await requests()).filter(({ path, status }) => path.includes("/seats") && status !== 200)
    assert.deepEqual(refused, [])
  }
)

it("lets no other buyer see or finish a reissue that was cut off", async () => {
  await fault([{ method: "POST", path: "/v1/customer-portal/seats", drop: "before" }])
  assert.deepInclude(await send(eve), { status: 503, mayRetry: true })
  for (const subscriptionId of [subscription, globex.subscription]) {
    assert.deepInclude(await send(eve, { cookie: globex.session, subscriptionId }), { status: 404, mayRetry: false })
  }
  assert.deepEqual(await mailed(), [])
  assert.deepEqual(await send(eve), sentTo("eve@acme.com"))
  assert.lengthOf(await mailed(), 1)
})

it("replaces a dead link, and continues a reissue that was cut off", async () => {
  await fault([{ method: "POST", path: "/v1/customer-portal/seats", drop: "before" }])
  assert.deepInclude(await send(eve), { status: 503, mayRetry: true, retryAfter: "1" })
  assert.deepEqual(await mailed(), [])
  assert.deepEqual(await send(eve), sentTo("eve@acme.com"))
  const [mail, ...more] = await mailed()
  assert.match(mail ?? "", /^eve@acme\.com /)
  assert.notInclude(mail, "eve@acme.com eve")
  assert.deepEqual(more, [])
})

const nobodys = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"
it.for([
  ["a request without a sign-in", ann, { cookie: "session=" }, 401],
  ["an invalid id", "nonsense", {}, 404],
  ["a seat that does not exist", nobodys, {}, 404],
  ["a subscription of another customer", ann, { subscriptionId: nobodys }, 404],
  ["a claimed seat", ben, {}, 409]
] as const)("refuses %s", async ([, seatId, options, status]) => {
  assert.deepInclude(await send(seatId, options), { status, mayRetry: false, retryAfter: null })
  assert.deepEqual(await mailed(), [])
})

const path = "/v1/customer-portal/seats/"
it.for([
  ["a rate limit", { method: "POST", path, status: 429, headers: { "retry-after": "77" } }, 503, true, "77", 0],
  ["an answer that is no list", { method: "GET", status: 200, body: "<html>" }, 503, true, "1", 0],
  ["an unknown outcome", { method: "POST", path, drop: "after" }, 502, false, null, 1]
] as const)("says after %s whether the caller may retry", async ([, rule, status, mayRetry, retryAfter, mails]) => {
  await fault([rule])
  assert.deepInclude(await send(ann), { status, mayRetry, retryAfter })
  assert.lengthOf(await mailed(), mails)
})

it("keeps its runtime, its session and its journal during a hot reload", async () => {
  const { POST } = routeHandler
  assert.deepEqual(await send(ann), sentTo("ann@acme.com"))
  await load()
  assert.notStrictEqual(routeHandler.POST, POST)
  assert.deepInclude(await send(ann), { status: 429 })
  assert.strictEqual(await minted(), 1)
})

it("runs with the command in its header, and does not name a missing setting in its answer", async () => {
  const file = new URL("../../examples/src/route-handler.ts", import.meta.url)
  const [, command = ""] = /--eval '([^']+)'/.exec(readFileSync(file, "utf8").replaceAll("\n//", "\n")) ?? []
  const root = fileURLToPath(new URL("../../", import.meta.url))
  const evaluate = (env: Record<string, string>) =>
    runToEnd(process.execPath, ["--input-type=module", "--eval", command], {
      cwd: root,
      timeout: 15_000,
      env: { POLAR_API_URL: acme.url, DEMO_SESSIONS: "me=acme-1", ...env }
    })
  const [ran, unset] = await Promise.all([evaluate({ POLAR_ACCESS_TOKEN: organization }), evaluate({})])
  assert.include(ran.stdout, "The invitation was sent to eve@acme.com.")
  assert.include(unset.stdout, `{"message":"Something is wrong on our side.","mayRetry":false}`)
  assert.include(unset.stdout + unset.stderr, "POLAR_ACCESS_TOKEN")
})

it.for([
  ["a customer who has bought nothing", ["customer_sessions:write"], 403, "You have not bought any seats."],
  ["an organization token without the scope", [], 500, "Something is wrong on our side."]
] as const)("refuses %s", async ([, scopes, status, message]) => {
  await post(`${acme.url}/_emulator/seed`, {
    organizations: [{ slug: "acme" }],
    tokens: [{ token: organization, organization: "acme", scopes }]
  })
  assert.deepEqual(await send(ann), { status, message, mayRetry: false, retryAfter: null })
})
