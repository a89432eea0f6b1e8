// One worker of a run of reminders. Start any number of workers on any number of machines. If one is killed, the others
// continue:
//
//     npx -y pnpm@10.34.8 exec node examples/src/worker.ts <name-of-the-run> [<subscription-id>...]
//
// With subscriptions, the worker first offers their pending invitations to the run. It may offer them several times.
// POLAR_ACCESS_TOKEN holds the organization token, and DATABASE_URL the URL of PostgreSQL. The run mails everybody once,
// and replaces expired links. The worker prints the outcome of each of its seats, and ends when every seat of the run has
// an outcome.

import { NodeRuntime } from "@effect/platform-node"
import { PgClient } from "@effect/sql-pg"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import * as SharedRun from "@polar-seats/invitations/SharedRun"
import { Config, Console, Duration, Effect, Layer, Schema, Stream } from "effect"

const seats = OrganizationSeats.layerConfig({
  token: PolarConnection.configToken("POLAR_ACCESS_TOKEN"),
  baseUrl: Config.schema(PolarConnection.BaseUrl, "POLAR_API_URL").pipe(Config.withDefault("https://api.polar.sh"))
}).pipe(Layer.provide(UndiciTransport.layer))

// The run and its journal need no more connections than these
const database = PgClient.layerConfig({ url: Config.Redacted("DATABASE_URL"), maxConnections: Config.succeed(3) })

const seconds = (name: string, standard: number) =>
  Config.map(Config.withDefault(Config.Number(name), standard), Duration.seconds)

const sharedRun = (run: string) =>
  Layer.unwrap(
    Effect.gen(function* () {
      // After this time, other workers take the seats of a worker that was killed
      const lockExpiration = yield* seconds("LOCK_SECONDS", 120)
      // After this time, they judge the mails that it had begun. All workers must agree
      const lease = yield* seconds("LEASE_SECONDS", 60)
      return SharedRun.layer({ run, lockExpiration, journal: { lease } })
    })
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
