import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { assert, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { SeatId } from "@polar-seats/domain/Seat"
import type { SeatError } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Cause, Effect, Exit, Fiber, Layer, Redacted, Stream } from "effect"
import { request } from "node:http"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { firstLine, launch, whenReady } from "../../scripts/launch.ts"

// SOAK_SECONDS=30 makes a short trial
const seconds = Number(process.env["SOAK_SECONDS"] ?? 600)
const rate = 200
const calls = seconds * rate
const mostAtOnce = 400
// The test compares the idle state after a tenth of the calls, which warm everything up, with that after the last call
const warm = calls / 10

const token = "polar_cst_soak"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const uuid = (kind: number, index: number) =>
  `${String(kind).padStart(8, "0")}-0000-4000-8000-${String(index).padStart(12, "0")}`
const subscriptions = 100
const pending = 2000
const claimedIn = 5

const world = {
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: Array.from({ length: subscriptions }, (_, index) => ({
    id: uuid(1, index),
    product,
    customer,
    seats: 500
  })),
  seats: [
    ...Array.from({ length: pending }, (_, index) => ({
      id: uuid(2, index),
      subscription_id: uuid(1, index % subscriptions),
      status: "pending",
      email: `seat-${index}@acme.com`,
      customer_id: customer,
      invitation_token: `token${index}`,
      invitation_token_expires_at: "2099-01-01T00:00:00Z"
    })),
    ...Array.from({ length: claimedIn }, (_, index) => ({
      id: uuid(3, index),
      subscription_id: uuid(1, index),
      status: "claimed",
      email: `holder-${index}@acme.com`,
      customer_id: customer,
      claimed_at: "2026-11-22T06:00:00Z"
    }))
  ],
  tokens: [{ token, customer }]
}

/** Starts a Node program that prints the URL of its server as its first line. */
const serving = (file: string, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() => launch(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args])),
    ({ stop }) => Effect.promise(() => stop())
  ).pipe(Effect.flatMap((server) => Effect.promise(() => whenReady(server, firstLine(server)))))

/** Fetches JSON on a connection of its own, which closes after the answer. */
const json = (method: string, url: string, body = "") =>
  Effect.callback<unknown>((resume) => {
    const failed = (error: unknown) => resume(Effect.die(error))
    request(url, { method, agent: false, headers: { "content-type": "application/json" } }, (response) => {
      text(response).then((said) => resume(Effect.succeed(JSON.parse(said))), failed)
    })
      .on("error", failed)
      .end(body)
  })

setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as () => void

/** The fate of a call, as a number, so that the records do not grow while the test watches the heap. */
const Became = { nothing: 0, success: 1, mayHaveHappened: 2, didNotHappen: 3 } as const

const mayHaveHappened = (error: SeatError): boolean => error._tag === "Unavailable" && error.mayHaveHappened
const nameOf = (error: SeatError): string => (error._tag === "Unavailable" ? error.reason._tag : error._tag)
const megabytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1)

it.live(
  "200 calls a second with 5 % faults are all accounted for, mail nobody twice, and leave no memory or socket behind",
  () =>
    Effect.gen(function* () {
      const emulator = yield* serving("../../packages/app/src/main.ts", "emulator")
      const polar = yield* serving("./flakyPolar.ts", emulator, "0.05", "6000")
      yield* json("POST", `${emulator}/_emulator/seed`, JSON.stringify(world))

      const became = new Uint8Array(calls)
      const latency = new Float64Array(calls)
      const ended: Record<string, number> = { Success: 0 }
      const defects: Array<string> = []
      const assigned: Array<SeatId> = []
      let started = 0

      const seats = yield* Seats.pipe(
        Effect.provide(
          yield* Layer.build(
            PortalSeats.layer({ token: Redacted.make(token), baseUrl: polar, attemptTimeout: "5 seconds" }).pipe(
              Layer.provide(UndiciTransport.layer)
            )
          )
        )
      )

      // Ten calls are five resends, two assignments, two revocations of assigned seats, and one list or all pages
      const seatOf = (call: number) => (Math.floor(call / 10) * 5 + (call % 10)) % pending
      const mails = (call: number) => call % 10 < 7
      const emailOf = (call: number) => (call % 10 < 5 ? `seat-${seatOf(call)}@acme.com` : `call-${call}@acme.com`)
      const operation = (call: number): Effect.Effect<unknown, SeatError> => {
        const subscription = SubscriptionId.make(uuid(1, Math.floor(call / 10) % subscriptions))
        const kind = call % 10
        if (kind < 5) return seats.resend(SeatId.make(uuid(2, seatOf(call))))
        if (kind < 7) {
          return Effect.tap(
            seats.assign({
              source: AssignmentSource.Subscription({ id: subscription }),
              recipient: Recipient.Email({ email: emailOf(call) })
            }),
            (seat) => Effect.sync(() => assigned.push(seat.id))
          )
        }
        const seat = kind < 9 ? assigned.shift() : undefined
        if (seat !== undefined) return seats.revoke(seat)
        return call % 20 < 10
          ? seats.list(SeatSource.Subscription({ id: subscription }))
          : Stream.runDrain(seats.claimedSubscriptions)
      }

      let begin = performance.now()
      const elapsed = () => (performance.now() - begin) / 1000
      const run = (call: number) => {
        const due = begin + (call / rate) * 1000
        started++
        return Effect.map(Effect.exit(operation(call)), (exit) => {
          // The time counts from when the call was due, so that a late start is not hidden
          latency[call] = performance.now() - due
          const error = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isFailReason)?.error : undefined
          if (Exit.isFailure(exit) && error === undefined) defects.push(Cause.pretty(exit.cause))
          const name = Exit.isSuccess(exit) ? "Success" : error === undefined ? "Defect" : nameOf(error)
          ended[name] = (ended[name] ?? 0) + 1
          became[call] = Exit.isSuccess(exit)
            ? Became.success
            : error === undefined || mayHaveHappened(error)
              ? Became.mayHaveHappened
              : Became.didNotHappen
        })
      }

      const flaky = Effect.map(
        json("GET", `${polar}/_flaky`),
        (figures) => figures as { readonly counts: Record<string, number>; readonly connections: number }
      )
      // The emulator's other records would count as growth
      const forgetting = yield* json("DELETE", `${emulator}/_emulator/requests`).pipe(
        Effect.andThen(json("DELETE", `${emulator}/_emulator/webhooks`)),
        Effect.catchDefect(() => Effect.void),
        Effect.andThen(Effect.sleep("5 seconds")),
        Effect.forever,
        Effect.forkChild
      )

      const running = new Set<Fiber.Fiber<void>>()
      /** Waits until every call has ended and the idle connections are closed, which takes some seconds. */
      const rest = Effect.gen(function* () {
        yield* Fiber.awaitAll([...running])
        let { connections } = yield* flaky
        for (let wait = 0; wait < 15 && connections > 1; wait++) {
          yield* Effect.sleep("1 second")
          connections = (yield* flaky).connections
        }
        yield* Effect.sleep("100 millis")
        gc()
        const sockets = process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length
        // Minus the connection of this request
        return { heap: process.memoryUsage().heapUsed, sockets: [connections - 1, sockets] }
      })

      let before = yield* rest
      for (let call = 0; call < calls; call++) {
        if (call === warm) {
          const paused = performance.now()
          before = yield* rest
          begin += performance.now() - paused
        }
        const early = call / rate - elapsed()
        if (early > 0) yield* Effect.sleep(early * 1000)
        // A slow machine falls behind instead of piling up calls; the rate and the latencies show it
        while (running.size >= mostAtOnce) yield* Effect.sleep(5)
        const fiber = yield* Effect.forkChild(run(call))
        running.add(fiber)
        fiber.addObserver(() => void running.delete(fiber))
      }
      const took = elapsed()
      const after = yield* rest
      yield* Fiber.interrupt(forgetting)
      const { counts } = yield* flaky

      const outbox = (yield* json("GET", `${emulator}/_emulator/outbox`)) as ReadonlyArray<{ readonly to: string }>
      const mailed = new Map<string, number>()
      for (const { to } of outbox) mailed.set(to, (mailed.get(to) ?? 0) + 1)
      const promised = new Map<string, { least: number; most: number }>()
      for (let call = 0; call < calls; call++) {
        if (!mails(call)) continue
        const email = emailOf(call)
        const bounds = promised.get(email) ?? { least: 0, most: 0 }
        if (became[call] === Became.success) bounds.least++
        if (became[call] !== Became.didNotHappen) bounds.most++
        promised.set(email, bounds)
      }
      const wrong = [...new Set([...promised.keys(), ...mailed.keys()])].filter((email) => {
        const { least, most } = promised.get(email) ?? { least: 0, most: 0 }
        const count = mailed.get(email) ?? 0
        return count < least || count > most
      })

      const sorted = latency.toSorted()
      const percentile = (share: number) => Math.round(sorted[Math.floor(share * (calls - 1))] ?? 0)
      const { broken = 0, requests = 0, ...spoiled } = counts
      const tell = (numbers: Record<string, number>) =>
        Object.entries(numbers)
          .map(([name, count]) => `${name} ${count}`)
          .join(", ")
      yield* Effect.log(
        `${started} calls in ${Math.round(took)} s (${(started / took).toFixed(1)}/s): ${tell(ended)}; ` +
          `${requests} requests, of which ${tell(spoiled)}, broken by the machine ${broken}; ${outbox.length} mails; ` +
          `p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms, max ${percentile(1)} ms; ` +
          `heap ${megabytes(before.heap)} -> ${megabytes(after.heap)} MB; sockets ${before.sockets.join(" and ")} -> ${after.sockets.join(" and ")}`
      )

      assert.deepEqual(defects, [])
      assert.strictEqual(started, calls)
      assert.strictEqual(
        Object.values(ended).reduce((sum, count) => sum + count, 0),
        started,
        "every started call has ended"
      )
      assert.deepEqual(wrong, [], "each success has a mail, and no mail exceeds the calls that may have happened")
      assert.hasAllKeys(ended, ["Success", "OutcomeUnknown", "ServerFailed", "UnexpectedResponse", "RateLimited"])
      const faults = Object.values(spoiled).reduce((sum, count) => sum + count, 0)
      assert.closeTo(faults / requests, 0.05, 0.01)
      assert.isBelow(after.heap / before.heap, 1.1, "the heap does not grow")
      assert.deepEqual(
        [before.sockets, after.sockets],
        [
          [0, 0],
          [0, 0]
        ],
        "no connection is left on either side"
      )
    }),
  (seconds * 2 + 120) * 1000
)
