import * as RouteParameters from "@polar-seats/domain/RouteParameters"
import { SeatId } from "@polar-seats/domain/Seat"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as World from "@polar-seats/emulator/World"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Console, Effect, Layer } from "effect"

const team = World.team({ seats: 5, pending: ["ann@acme.com"] })
const ann = team.seatOf("ann@acme.com")
const nobody = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"

// The ids of a route or a form are texts that users write. `SeatId.make` would throw
const decodeIds = RouteParameters.decode({ seatId: SeatId })

const resend = Effect.fn(
  function* (seatId: string) {
    const ids = yield* decodeIds({ seatId })
    const invitations = yield* Invitations
    const { seat } = yield* invitations.resend(ids.seatId)
    yield* Console.log(`Resent to ${seat.holderEmail}.`)
  },
  Effect.catchTag(["InvalidRequest", "NotFound"], ({ message }) => Console.log(message))
)

// Polar itself is FetchTransport.layer, on Node UndiciTransport.layer, or any HttpClient of Effect's
const polar = Emulator.layer(team)

const seats = PortalSeats.layer({ token: team.token }).pipe(Layer.provide(polar))
// `Invitations` mails nobody twice: the journal remembers who was mailed
const app = Invitations.layer.pipe(Layer.provide([seats, Journal.layerMemory]))

await Effect.runPromise(Effect.provide(Effect.forEach([ann, nobody, "ann"], resend), app))
