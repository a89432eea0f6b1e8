import { NodeHttpClient } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Clock, Effect, Layer, Random, Redacted, Result } from "effect"
import { readFileSync } from "node:fs"
import { firstLine, launch, whenReady } from "../../scripts/launch.ts"
import { main } from "../app/runCli.ts"

const subscriptions = 100
const seatsEach = 100
const clients = 200
const rounds = 4
const roundMillis = 15_000

const token = "polar_cst_load"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const uuid = (kind: number, index: number) =>
  `${String(kind).padStart(8, "0")}-0000-4000-8000-${String(index).padStart(12, "0")}`

// Half of the seats of each subscription are free, so early assignments succeed and later ones do not
const world = {
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: Array.from({ length: subscriptions }, (_, index) => ({
    id: uuid(1, index),
    product,
    customer,
    seats: seatsEach * 2
  })),
  seats: Array.from({ length: subscriptions * seatsEach }, (_, index) => ({
    id: uuid(2, index),
    subscription_id: uuid(1, index % subscriptions),
    status: index % 5 === 0 ? "claimed" : "pending",
    email: `seat${index}@acme.com`,
    customer_id: customer,
    invitation_token: index % 5 === 0 ? null : `token${index}`,
    invitation_token_expires_at: "2099-01-01T00:00:00Z"
  })),
  tokens: [{ token, customer }]
}

const emulator = Effect.acquireRelease(
  Effect.sync(() => launch(process.execPath, [main, "emulator"])),
  ({ stop }) => Effect.promise(() => stop())
).pipe(
  Effect.flatMap((server) =>
    Effect.map(
      Effect.promise(() => whenReady(server, firstLine(server))),
      (url) => ({ url, pid: server.child.pid ?? 0 })
    )
  )
)

const memoryOf = (pid: number) => {
  const [kilobytes = "0"] = /(?<=VmRSS:\s+)\d+/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? []
  return Number(kilobytes) / 1024
}

// The load explains these errors: the seat is claimed, or no seat is free
const explained = new Set(["AlreadyClaimed", "NoSeatAvailable"])

it.live(
  "200 clients get only explained errors for one minute, and each answer that promises a mail has one",
  () =>
    Effect.gen(function* () {
      const { pid, url } = yield* emulator
      const control = (method: string, path: string, body?: unknown) =>
        Effect.promise(async () => {
          const headers = { "content-type": "application/json" }
          const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) }
          const response = await fetch(`${url}/_emulator/${path}`, init)
          return (await response.json()) as unknown
        })
      yield* control("POST", "seed", world)

      const counts = { calls: 0, mailing: 0, unexplained: new Map<string, number>() }
      const count = <A, E extends { readonly _tag: string }>(call: Effect.Effect<A, E>, mails: boolean) =>
        Effect.map(Effect.result(call), (result) => {
          counts.calls++
          if (Result.isSuccess(result)) counts.mailing += mails ? 1 : 0
          else if (!explained.has(result.failure._tag)) {
            const { _tag } = result.failure
            counts.unexplained.set(_tag, (counts.unexplained.get(_tag) ?? 0) + 1)
          }
        })

      const client = Effect.fnUntraced(function* (name: number, end: number) {
        const seats = yield* Seats
        for (let turn = 0; (yield* Clock.currentTimeMillis) < end; turn++) {
          const subscription = SubscriptionId.make(uuid(1, yield* Random.nextIntBetween(0, subscriptions - 1)))
          const dice = yield* Random.nextIntBetween(0, 9)
          if (dice < 2) yield* count(seats.list(SeatSource.Subscription({ id: subscription })), false)
          else if (dice < 9) {
            const seat = SeatId.make(uuid(2, yield* Random.nextIntBetween(0, subscriptions * seatsEach - 1)))
            yield* count(seats.resend(seat), true)
          } else {
            const source = AssignmentSource.Subscription({ id: subscription })
            const recipient = Recipient.Email({ email: `new-${name}-${turn}-${end}@acme.com` })
            yield* count(seats.assign({ source, recipient }), true)
          }
        }
      })

      const polar = PortalSeats.layer({ token: Redacted.make(token), baseUrl: url }).pipe(
        Layer.provide(NodeHttpClient.layerUndici)
      )
      const memory: Array<number> = []
      let mails = 0
      for (let round = 0; round < rounds; round++) {
        const end = (yield* Clock.currentTimeMillis) + roundMillis
        const names = Array.from({ length: clients }, (_, name) => name)
        yield* Effect.forEach(names, (name) => client(name, end), { concurrency: "unbounded", discard: true }).pipe(
          Effect.provide(polar)
        )
        const outbox = yield* control("GET", "outbox")
        mails += Array.isArray(outbox) ? outbox.length : 0
        yield* control("DELETE", "outbox")
        yield* control("DELETE", "requests")
        yield* control("DELETE", "webhooks")
        memory.push(memoryOf(pid))
      }

      yield* Effect.log(
        `${counts.calls} calls, ${counts.mailing} that mail, ${mails} mails; MB after each round: ${memory.map(Math.round).join(", ")}`
      )
      assert.deepEqual([...counts.unexplained], [])
      assert.strictEqual(mails, counts.mailing)
      assert.isBelow((memory.at(-1) ?? 0) / (memory[1] ?? 1), 1.25, "memory does not grow")
    }),
  180_000
)
