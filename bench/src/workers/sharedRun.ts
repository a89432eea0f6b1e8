/** A worker of a shared run, or the process that offers its seats. Its Polar answers at once, from memory. */
import { PgClient } from "@effect/sql-pg"
import { SeatsList } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { SeatsListJson } from "@polar-seats/http/SeatJson"
import * as SharedRun from "@polar-seats/invitations/SharedRun"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { serve } from "../processes.ts"
import { indexOf, pendingSeatsJson, subscriptionId } from "../wire.ts"

const [url = "", run = "", count = "0"] = process.argv.slice(2)
const source = SeatSource.Subscription({ id: SubscriptionId.make(subscriptionId) })
const list: SeatsList = Schema.decodeUnknownSync(SeatsListJson)(pendingSeatsJson(Number(count)))

const never = () => Effect.die(new Error("nobody asks for this"))
const polar = Layer.succeed(
  Seats,
  Seats.of({
    list: () => Effect.succeed(list),
    resend: (id) => {
      const seat = list.seats[indexOf(id) - 1]
      return seat === undefined ? never() : Effect.as(Effect.yieldNow, seat)
    },
    assign: never,
    revoke: never,
    claimedSubscriptions: Stream.empty,
    now: Effect.map(DateTime.now, (now) => ({ now, clock: "Polar" as const }))
  })
)

const database = PgClient.layer({ url: Redacted.make(url), maxConnections: 3 })
const sharedRun = SharedRun.layer({ run, pollInterval: "200 millis", journal: { run } }).pipe(
  Layer.provide([database, polar])
)

const offer = Effect.flatMap(SharedRun.SharedRun, (shared) => shared.offer([source]))
const work = (concurrency: number) =>
  Effect.flatMap(SharedRun.SharedRun, (shared) =>
    Stream.runFold(
      shared.work({ concurrency }),
      () => 0,
      (sum, { _tag }) => (_tag === "Resent" ? sum + 1 : sum)
    )
  )

const runOver = <E>(body: Effect.Effect<number, E, SharedRun.SharedRun>) =>
  Effect.runPromise(Effect.provide(body, sharedRun))

serve(async ({ concurrency, task }) => {
  const begin = performance.now()
  const seats = await (task === "offer" ? runOver(offer) : runOver(work(Number(concurrency))))
  return { seats, seconds: (performance.now() - begin) / 1000 }
})
