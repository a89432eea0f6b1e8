// One worker of a run of reminders. Start as many as you like, on as many machines; whichever is killed, the others go on:
//
//     npx -y pnpm@10.34.8 exec node examples/src/worker.ts <name-of-the-run> [<subscription-id>...]
//
// With subscriptions it first puts their pending invitations into the run, which may be done again and again. The token of
// the organization is in POLAR_ACCESS_TOKEN, PostgreSQL in DATABASE_URL. Everyone is mailed once: expired links are
// replaced. It prints what came of each seat that it had, and ends when something came of every seat of the run.

import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as SharedRun from "@polar-seats/invitations/SharedRun"
import { Config, Console, Effect, Layer, Schema, Stream } from "effect"

const seats = OrganizationSeats.layerConfig({
  token: PolarConnection.configToken("POLAR_ACCESS_TOKEN"),
  baseUrl: Config.schema(PolarConnection.BaseUrl, "POLAR_API_URL").pipe(Config.withDefault("https://api.polar.sh"))
}).pipe(Layer.provide(NodeHttpClient.layerUndici))

const database = PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL") })

const sharedRun = (run: string) =>
  Layer.unwrap(
    Effect.map(
      // The seats of a worker that is killed are the others' after this many seconds
      Config.Number("LOCK_SECONDS").pipe(Config.withDefault(120)),
      (seconds) => SharedRun.layer({ run, lockExpiration: `${seconds} seconds` })
    )
  ).pipe(Layer.provide([database, seats]))

const main = Effect.fn("worker")(function* (subscriptions: ReadonlyArray<SubscriptionId>) {
  const run = yield* SharedRun.SharedRun
  yield* run.offer(subscriptions.map((id) => SeatSource.Subscription({ id })))
  yield* run
    .work({ onExpired: "reissue" })
    .pipe(Stream.runForEach(({ _tag, seatId }) => Console.log(`${seatId}: ${_tag}`)))
  const { offered, settled } = yield* run.progress
  yield* Console.log(`done: ${settled} of ${offered} seats`)
})

const [run = "reminders", ...ids] = process.argv.slice(2)

Schema.decodeUnknownEffect(Schema.Array(SubscriptionId))(ids).pipe(
  Effect.flatMap(main),
  Effect.provide(sharedRun(run)),
  NodeRuntime.runMain
)
