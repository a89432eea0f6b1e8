import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { Seats } from "@polar-seats/domain/Seats"
import * as World from "@polar-seats/emulator/World"
import { Console, Effect } from "effect"

// One invitation is live, one has expired, and one seat is claimed
const acme = World.team({ seats: 5, pending: ["ann@acme.com"], expired: ["eve@acme.com"], claimed: ["ben@acme.com"] })

const invitations = Effect.gen(function* () {
  const seats = yield* Seats
  const team = yield* seats.list(acme.source)
  const { now } = yield* seats.now
  for (const seat of team.seats) yield* Console.log(`${seat.holderEmail}: ${seat.invitation(now)._tag}`)
})

await Effect.runPromise(Effect.provide(invitations, SeatsMemory.layer(acme)))
