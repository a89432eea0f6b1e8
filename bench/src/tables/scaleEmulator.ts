import { readFile, writeFile } from "node:fs/promises"
import { Agent, request } from "node:http"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { firstLine, launch, whenReady } from "../../../scripts/launch.ts"
import { makeTemporaryFolder } from "../../../scripts/temporaryFolder.ts"
import { interleaved, start, worker } from "../processes.ts"
import { median, ratio, type Report, show, type Table } from "../report.ts"
import { listPath, resendPath, seatId, seatJson, subscriptionId, token } from "../wire.ts"

const showCount = (count: number) => count.toLocaleString("en-US")

const encoding = async (measured: Record<string, number>): Promise<Table> => {
  const names = ["schema", "ours"] as const
  const rows = []
  for (const seats of [100, 10_000]) {
    const workers = { schema: await start(worker("encoders"), "schema"), ours: await start(worker("encoders"), "ours") }
    const encode = async (name: (typeof names)[number]) =>
      (await workers[name].ask({ seats, times: 20_000 / seats }))["micros"] ?? Number.NaN
    // The first round is not measured: the compiler needs it
    await interleaved(1, names, encode)
    const micros = await interleaved(5, names, encode)
    await Promise.all([workers.schema.stop(), workers.ours.stop()])
    measured[`scale/encoding/${seats}`] = median(micros.ours)
    rows.push([
      showCount(seats),
      show(median(micros.schema)),
      show(median(micros.ours)),
      show(ratio(micros.ours, micros.schema))
    ])
  }
  return {
    caption: "A seat to its JSON, in CPU µs",
    columns: ["seats in the list", "by the schema", "by the encoder", "ratio"],
    rows
  }
}

const organizationToken = "polar_oat_bench"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const { customer_id } = seatJson(seatId(1))
const memberId = (index: number) => seatId(index).replace("-8000-", "-9000-")

/** A token as long as Polar's. */
const tokenOf = (index: number) => `token-of-${index}-`.padEnd(43, "x")

/** A subscription with `count` seats, each of another member. The odd ones are claimed, the even ones pending. */
const worldOf = (count: number) => {
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  const emailOf = (index: number) => `person-${index}@acme.com`
  return {
    organizations: [{ slug: "acme" }],
    products: [{ id: product, organization: "acme", name: "Acme Pro" }],
    customers: [{ id: customer_id, organization: "acme", email: "billing@acme.com" }],
    members: numbers.map((index) => ({
      id: memberId(index),
      customer: customer_id,
      email: emailOf(index),
      external_id: `person-${index}`
    })),
    subscriptions: [{ id: subscriptionId, product, customer: customer_id, seats: count * 2 + 10_000 }],
    seats: numbers.map((index) => ({
      id: seatId(index),
      subscription_id: subscriptionId,
      customer_id,
      member_id: memberId(index),
      email: emailOf(index),
      ...(index % 2 === 0 ? { status: "pending", invitation_token: tokenOf(index) } : { status: "claimed" })
    })),
    tokens: [
      { token, customer: customer_id },
      { token: organizationToken, organization: "acme", scopes: ["customer_sessions:write"] }
    ]
  }
}

interface Call {
  readonly method: "GET" | "POST"
  readonly path: string
  readonly token?: string
  readonly body?: unknown
}

const app = fileURLToPath(new URL("../../../packages/app/src/main.ts", import.meta.url))

const startEmulator = async (folder: string, seats: number) => {
  const seed = join(folder, `${seats}.json`)
  await writeFile(seed, JSON.stringify(worldOf(seats)))
  const args = [app, "emulator", "--port", "0", "--seed", seed]
  const server = launch(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
  const url = await whenReady(server, firstLine(server), 60_000)
  const agent = new Agent({ keepAlive: true })
  /** Makes a call, and returns how many bytes the answer has. */
  const call = ({ body, method, path, token: as = token }: Call) =>
    new Promise<number>((resolve, reject) => {
      const text = body === undefined ? "" : JSON.stringify(body)
      const headers = {
        authorization: `Bearer ${as}`,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(text)
      }
      const sent = request(url + path, { method, headers, agent }, (answer) => {
        let bytes = 0
        answer.on("data", (chunk: Buffer) => (bytes += chunk.length))
        answer.on("end", () => {
          if (answer.statusCode === 200 || answer.statusCode === 201) resolve(bytes)
          else reject(server.failure(`answered ${method} ${path} with ${answer.statusCode}`))
        })
        answer.on("error", reject)
      })
      sent.on("error", reject)
      sent.end(text)
    })
  const millisOf = async (calls: () => Promise<unknown>) => {
    const begin = performance.now()
    await calls()
    return performance.now() - begin
  }
  /** The most memory that the server has had, in MB. Only Linux tells. */
  const peakMemory = async () => {
    const status = await readFile(`/proc/${server.child.pid}/status`, "utf8").catch(() => "")
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
  }
  return {
    call,
    millisOf,
    peakMemory,
    stop: async () => {
      agent.destroy()
      await server.stop("SIGKILL")
    }
  }
}
type Server = Awaited<ReturnType<typeof startEmulator>>

const few = 10
const medium = 10_000
const many = 100_000

let newcomers = 0
const operations: Readonly<Record<string, (seats: number) => Call>> = {
  assign: () => ({
    method: "POST",
    path: "/v1/customer-portal/seats",
    body: { subscription_id: subscriptionId, email: `newcomer-${++newcomers}@acme.com` }
  }),
  session: (seats) => ({
    method: "POST",
    path: "/v1/customer-sessions/",
    token: organizationToken,
    body: { customer_id, external_member_id: `person-${seats}` }
  }),
  "claimed subscriptions": () => ({ method: "GET", path: "/v1/customer-portal/seats/subscriptions?limit=5" }),
  resend: (seats) => ({ method: "POST", path: resendPath(seatId(seats)) })
}

const operationTable = async (
  servers: Readonly<Record<"few" | "many", Server>>,
  measured: Record<string, number>
): Promise<Table> => {
  const sizes = { few, many }
  const names = ["few", "many"] as const
  const rows = []
  for (const [operation, callOf] of Object.entries(operations)) {
    const perCall = (calls: number) => async (name: (typeof names)[number]) => {
      const { call, millisOf } = servers[name]
      const millis = await millisOf(async () => {
        for (let index = 0; index < calls; index++) await call(callOf(sizes[name]))
      })
      return millis / calls
    }
    await interleaved(2, names, perCall(100))
    const millis = await interleaved(11, names, perCall(20))
    const growth = ratio(millis.many, millis.few)
    measured[`scale/emulator/${operation}`] = growth
    rows.push([operation, show(median(millis.few)), show(median(millis.many)), show(growth)])
  }
  return {
    caption: "A call, in ms",
    columns: ["operation", `${showCount(few)} seats`, `${showCount(many)} seats`, "ratio"],
    rows
  }
}

const list: Call = { method: "GET", path: listPath }

const listTable = async (
  servers: Readonly<Record<"medium" | "many", Server>>,
  measured: Record<string, number>
): Promise<Table> => {
  const names = ["medium", "many"] as const
  const seconds = async (name: (typeof names)[number]) => {
    const { call, millisOf } = servers[name]
    return (await millisOf(() => call(list))) / 1000
  }
  await interleaved(1, names, seconds)
  const each = await interleaved(3, names, seconds)
  const eight = async ({ call, millisOf }: Server) =>
    (await millisOf(() => Promise.all(Array.from({ length: 8 }, () => call(list))))) / 1000
  const together = { medium: await eight(servers.medium), many: await eight(servers.many) }
  measured["scale/emulator/list"] = median(each.many)
  return {
    caption: "A list, in seconds",
    columns: ["seats", "one list", "8 lists at once", "peak memory, MB"],
    rows: await Promise.all(
      names.map(async (name) => [
        showCount({ medium, many }[name]),
        show(median(each[name])),
        show(together[name]),
        show(await servers[name].peakMemory())
      ])
    )
  }
}

/** Measures how much a seat costs the command and the emulator, at several numbers of seats. */
export const run = async (): Promise<Report> => {
  const measured: Record<string, number> = {}
  const encoded = await encoding(measured)
  const folder = makeTemporaryFolder("bench")
  const servers = {
    few: await startEmulator(folder, few),
    medium: await startEmulator(folder, medium),
    many: await startEmulator(folder, many)
  }
  const called = await operationTable(servers, measured)
  const listed = await listTable(servers, measured)
  await Promise.all(Object.values(servers).map(({ stop }) => stop()))
  return {
    title: "The emulator, by size",
    notes: [
      "The seats are those of one subscription, each of another member. Half of them are claimed. The calls go to `polar-seats emulator` over HTTP, one after the other. " +
        "A time is the median of 11 rounds of 20 calls, and of 3 lists."
    ],
    tables: [encoded, called, listed],
    measured
  }
}
