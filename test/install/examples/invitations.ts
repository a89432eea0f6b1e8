import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import * as World from "@polar-seats/emulator/World"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as JournalStore from "@polar-seats/invitations/JournalStore"
import { Console, Effect, Layer, Stream } from "effect"
import { KeyValueStore } from "effect/persistence"

const team = World.team({ seats: 5, pending: ["ann@acme.com"] })

const remind = Effect.gen(function* () {
  const invitations = yield* Invitations
  const outcomes = invitations.remind(team.source)
  yield* Stream.runForEach(outcomes, ({ _tag, address }) => Console.log(`${_tag}: ${address}`))
})

// Polar itself is PortalSeats.layer or OrganizationSeats.layer of @polar-seats/http
const seats = SeatsMemory.layer(team)

// A journal that outlasts the process is JournalFile.layer("reminders.ndjson"), or JournalSql.layer() on PostgreSQL
const journal = JournalStore.layer.pipe(Layer.provide(KeyValueStore.layerMemory))

// The second run reads in the journal that Ann was mailed
await Effect.runPromise(
  Effect.provide(Effect.andThen(remind, remind), Invitations.layer.pipe(Layer.provide([seats, journal])))
)
