import * as Emulator from "@polar-seats/emulator/Emulator"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import * as World from "@polar-seats/emulator/World"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Console, Effect, Layer } from "effect"

const team = World.team({ seats: 5, pending: ["ann@acme.com"] })

const program = Effect.gen(function* () {
  const { resend } = yield* Invitations
  yield* resend(team.seatOf("ann@acme.com"))
  const outbox = yield* Outbox
  for (const mail of yield* outbox.mails) yield* Console.log(`${mail.to}: ${mail.subject}`)
})

const invitations = Layer.provide(Invitations.layer, Journal.layerMemory)

// The same program runs on the model in memory, and on the HTTP client against the emulator
const memory = SeatsMemory.layer(team)
const overHttp = PortalSeats.layer({ token: team.token }).pipe(Layer.provideMerge(Emulator.layer(team)))

await Effect.runPromise(Effect.provide(program, Layer.provideMerge(invitations, memory)))
await Effect.runPromise(Effect.provide(program, Layer.provideMerge(invitations, overHttp)))
