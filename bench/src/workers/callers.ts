/** Runs one contender of the table "A call": it resends as often as it can for a given time, at a given concurrency. */
import { SeatId } from "@polar-seats/domain/Seat"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import { createPolar } from "@polar-sh/sdk/2026-10"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import { connect as connectSocket } from "node:net"
import { Polar } from "polar-sdk-0-49"
import { connect } from "../ours.ts"
import { serve } from "../processes.ts"
import * as Transport from "../transport.ts"
import { resendPath, seatId, token } from "../wire.ts"

/** Makes calls until `goOn` returns false. Passes it the id of the seat in each answer. */
type Caller = (id: string, concurrency: number, goOn: (answered: string) => boolean) => Promise<void>

const promising =
  (call: (id: string) => Promise<string>): Caller =>
  async (id, concurrency, goOn) => {
    const loop = async () => {
      while (goOn(await call(id)));
    }
    await Promise.all(Array.from({ length: concurrency }, loop))
  }

const idOf = (json: unknown): string => {
  if (typeof json === "object" && json !== null && "id" in json && typeof json.id === "string") return json.id
  throw new Error("The answer holds no seat.")
}
const refused = (status: number) => new Error(`The server refused the call with ${status}.`)

/** The floor: one socket for each concurrent call, and only as much HTTP as it takes to find the end of an answer. */
const socket = (url: string): Caller => {
  const { hostname, port } = new URL(url)
  type Connection = (id: string) => Promise<string>
  const open = (): Connection => {
    const tcp = connectSocket({ host: hostname, port: Number(port), noDelay: true })
    let pending = ""
    let settle = { resolve: (_: string) => {}, reject: (_: Error) => {} }
    tcp.on("error", (error) => settle.reject(error))
    tcp.on("data", (chunk) => {
      pending += chunk.toString("latin1")
      const end = pending.indexOf("\r\n\r\n")
      if (end === -1) return
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(pending)?.[1])
      if (pending.length < end + 4 + length) return
      const body = pending.slice(end + 4)
      const status = Number(pending.slice(9, 12))
      pending = ""
      if (status === 200) settle.resolve(idOf(JSON.parse(body)))
      else settle.reject(refused(status))
    })
    return (id) =>
      new Promise((resolve, reject) => {
        settle = { resolve, reject }
        tcp.write(
          `POST ${resendPath(id)} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${token}\r\n` +
            "accept: application/json\r\npolar-version: 2026-10\r\ncontent-length: 0\r\n\r\n"
        )
      })
  }
  const idle: Array<Connection> = []
  return promising(async (id) => {
    const connection = idle.pop() ?? open()
    const answered = await connection(id)
    idle.push(connection)
    return answered
  })
}

const headers = { authorization: `Bearer ${token}`, accept: "application/json", "polar-version": "2026-10" }

const ours = async (url: string, transport: Layer.Layer<HttpClient.HttpClient>): Promise<Caller> => {
  const { runtime, seats } = await connect(url, transport)
  return (id, concurrency, goOn) => {
    const seatId = SeatId.make(id)
    const loop = Effect.gen(function* () {
      while (goOn((yield* seats.resend(seatId)).id));
    })
    return runtime.runPromise(
      Effect.forEach(Array.from({ length: concurrency }), () => loop, { concurrency, discard: true })
    )
  }
}

const contenders: Record<string, (url: string) => Caller | Promise<Caller>> = {
  socket,
  undici: async (url) => {
    // Import undici lazily: importing it replaces the dispatcher that the global fetch uses
    const { request } = await import("undici")
    return promising(async (id) => {
      const { body, statusCode } = await request(url + resendPath(id), { method: "POST", headers })
      if (statusCode !== 200) throw refused(statusCode)
      return idOf(await body.json())
    })
  },
  fetch: (url) =>
    promising(async (id) => {
      const response = await fetch(url + resendPath(id), { method: "POST", headers })
      if (response.status !== 200) throw refused(response.status)
      return idOf(await response.json())
    }),
  sdk: (url) => {
    const { seats } = createPolar({ baseUrl: url, accessToken: token }).customerPortal
    return promising(async (id) => (await seats.resendInvitation(id)).id)
  },
  sdk049: (url) => {
    const { seats } = new Polar({ serverURL: url }).customerPortal
    return promising(async (seatId) => (await seats.resendInvitation({ customerSession: token }, { seatId })).id)
  },
  oursFetch: (url) => ours(url, FetchTransport.layer),
  oursUndici: (url) => ours(url, Transport.layer)
}

const [, , name = "", url = ""] = process.argv
const caller = await contenders[name]?.(url)
if (caller === undefined)
  throw new Error(`There is no contender ${name}. The contenders are ${Object.keys(contenders).join(", ")}.`)

// All contenders do the same work: they return the requested seat, and notice a refusal
await caller(seatId(1), 1, (answered) => {
  if (answered !== seatId(1)) throw new Error(`${name} returned another seat than the requested one.`)
  return false
})
const unknown = seatId(0xffffffff)
const isNoticed = await caller(unknown, 1, () => false).then(
  () => false,
  () => true
)
if (!isNoticed) throw new Error(`${name} did not notice a refusal.`)

serve(async ({ atLeast, concurrency, millis }) => {
  const id = seatId(1)
  const enough = Number(atLeast)
  let calls = 0
  const cpu = process.cpuUsage()
  const begin = performance.now()
  const end = begin + Number(millis)
  await caller(id, Number(concurrency), (answered) => {
    if (answered !== id) throw new Error(`${name} returned another seat than the requested one.`)
    calls++
    return calls < enough || performance.now() < end
  })
  const elapsed = performance.now() - begin
  const { system, user } = process.cpuUsage(cpu)
  return { callsPerSecond: (calls / elapsed) * 1000, cpuMicros: (user + system) / calls }
})
