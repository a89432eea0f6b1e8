import { connect, createServer, type AddressInfo } from "node:net"
import { afterAll, assert, beforeAll, beforeEach, it } from "vitest"
import { get, post, startEmulator } from "../app/runCli.ts"
import { startExample } from "./example.ts"

const uuid = (kind: number, nth: number) => `${kind}0000000-0000-4000-8000-${String(nth).padStart(12, "0")}`
const tokenOf = (nth: number) => `polar_cst_s3cret${nth}`
const count = 300
const nths = Array.from({ length: count }, (_, nth) => nth)

/**
 * As many customers as requests, each with a session, a subscription and a pending seat of its own. The journal of the
 * example remembers everybody who was mailed, so each test has other people.
 */
const worldOf = (test: number) => ({
  organizations: [{ slug: "acme", name: "Acme" }],
  products: [{ id: uuid(1, 0), organization: "acme", name: "Acme Pro" }],
  customers: nths.map((nth) => ({ id: uuid(2, nth), organization: "acme", email: `buyer${nth}@acme.com` })),
  subscriptions: nths.map((nth) => ({ id: uuid(3, nth), product: uuid(1, 0), customer: uuid(2, nth), seats: 2 })),
  seats: nths.map((nth) => ({
    id: uuid(4, nth),
    subscription_id: uuid(3, nth),
    customer_id: uuid(2, nth),
    status: "pending",
    email: `holder${nth}@test${test}.com`,
    invitation_token: `s3cret-invitation-${nth}`,
    invitation_token_expires_at: "2099-01-01T00:00:00Z"
  })),
  tokens: nths.map((nth) => ({ token: tokenOf(nth), customer: uuid(2, nth) }))
})

/** Stands between the example and the emulator, and counts the connections. */
const counting = async (url: string) => {
  let connections = 0
  const { hostname, port } = new URL(url)
  const server = createServer((socket) => {
    connections++
    const upstream = connect(Number(port), hostname)
    socket.pipe(upstream).pipe(socket)
    socket.on("error", () => upstream.destroy())
    upstream.on("error", () => socket.destroy())
    socket.on("close", () => upstream.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close: () => server.close()
  }
}

let emulator: Awaited<ReturnType<typeof startEmulator>>
let proxy: Awaited<ReturnType<typeof counting>>
let api: Awaited<ReturnType<typeof startExample>>
beforeAll(async () => {
  emulator = await startEmulator("--port", "0")
  proxy = await counting(emulator.firstLine)
  api = await startExample("http-middleware.ts", { POLAR_API_URL: proxy.url })
})
let tests = 0
beforeEach(async () => {
  await post(`${emulator.firstLine}/_emulator/seed`, worldOf(++tests))
})
afterAll(async () => {
  const printed = await api.stop()
  proxy.close()
  await emulator.stop()
  assert.notInclude(printed, "s3cret")
})

const ask = async (method: string, path: string, token: string) => {
  const response = await fetch(api.url + path, { method, headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, body: await response.json() }
}
const resend = (nth: number, token = tokenOf(nth)) =>
  ask("POST", `/subscriptions/${uuid(3, nth)}/seats/${uuid(4, nth)}/resend`, token)

/** As whom each request acted, and on which seat, from the emulator's ledger. */
const ledger = async () => {
  const all = (await get(`${emulator.firstLine}/_emulator/requests`)) as ReadonlyArray<{
    readonly path: string
    readonly subject: unknown
  }>
  return all.map(({ path, subject }) => ({ path, subject: JSON.stringify(subject) }))
}

it(`sends ${count} requests of ${count} callers over two kept connections at most, each as its own caller`, async () => {
  const before = proxy.connections()
  for (const nth of nths) {
    const { body, status } = await resend(nth)
    assert.deepInclude({ ...body, code: status }, { code: 200, id: uuid(4, nth) })
  }
  const requests = await ledger()
  assert.lengthOf(requests, 2 * count)
  for (const nth of nths) {
    const [list, resent] = requests.slice(2 * nth)
    assert.include(resent?.path, uuid(4, nth))
    for (const request of [list, resent]) assert.include(request?.subject, uuid(2, nth))
  }
  // The resend may begin before undici counts the connection of the list as free
  assert.isAtMost(proxy.connections() - before, 2)
})

it("keeps interleaved callers apart", async () => {
  const answers = await Promise.all(nths.map((nth) => resend(nth)))
  assert.isTrue(answers.every(({ body, status }, nth) => status === 200 && body.id === uuid(4, nth)))
  for (const { path, subject } of await ledger()) {
    const nth = /seats\/40000000-0000-4000-8000-(\d+)\/resend/.exec(path)?.[1]
    if (nth !== undefined) assert.include(subject, uuid(2, Number(nth)))
  }
  const mails = (await get(`${emulator.firstLine}/_emulator/outbox`)) as ReadonlyArray<unknown>
  assert.lengthOf(mails, count)
})

it("mails once for three clicks, each of which makes its own `Invitations`", async () => {
  const answers = await Promise.all([resend(5), resend(5), resend(5)])
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409, 409])
  assert.lengthOf((await get(`${emulator.firstLine}/_emulator/outbox`)) as ReadonlyArray<unknown>, 1)
})

it("refuses a caller another caller's seat", async () => {
  assert.deepInclude(await resend(1, tokenOf(2)), { status: 409 })
  assert.lengthOf((await get(`${emulator.firstLine}/_emulator/outbox`)) as ReadonlyArray<unknown>, 0)
})

it.for([
  ["without a token", ""],
  ["with a malformed token", "polar_cst_é".replace("é", "%20 x")],
  ["with an expired token", "polar_cst_nobody"]
] as const)("asks a caller %s to sign in again", async ([, token]) => {
  const { body, status } = await resend(1, token)
  assert.deepInclude({ ...body, code: status }, { _tag: "SignInAgain", code: 401, mayRetry: false })
  const asked = await ledger()
  assert.isAtMost(asked.length, token === "polar_cst_nobody" ? 1 : 0)
})

it("lists the seats of the caller", async () => {
  const { body } = await ask("GET", `/subscriptions/${uuid(3, 7)}/seats`, tokenOf(7))
  assert.deepEqual(
    body.seats.map(({ id }: { readonly id: string }) => id),
    [uuid(4, 7)]
  )
})

it("says whether a retry is safe if Polar gives no answer", async () => {
  await post(`${emulator.firstLine}/_emulator/faults`, {
    rules: [{ method: "POST", times: 1, path: "/v1/customer-portal/seats/", drop: "after" }]
  })
  const { body, status } = await resend(3)
  assert.deepInclude({ ...body, code: status }, { _tag: "NoAnswer", code: 503, mayRetry: false })
})
