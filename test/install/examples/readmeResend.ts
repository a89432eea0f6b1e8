import { Emulator, World } from "@polar-seats/emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Console, Effect, Layer } from "effect"

const team = World.team({ seats: 5, pending: ["ann@acme.com"], claimed: ["ben@acme.com"] })
const seats = PortalSeats.layer({ token: team.token }).pipe(Layer.provide(Emulator.layer(team)))
const app = Invitations.layer.pipe(Layer.provide([seats, Journal.layerMemory]))
const resend = (email: "ann@acme.com" | "ben@acme.com") =>
  Invitations.use(({ resend }) => resend(team.seatOf(email))).pipe(
    Effect.andThen(({ seat }) => Console.log(`Mailed ${seat.holderEmail}.`)),
    Effect.catchTag("AlreadyClaimed", ({ message }) => Console.log(message)),
    Effect.catchReason("Unavailable", "NotSent", () => Console.log("Polar cannot be reached, so nobody was mailed."))
  )
await Effect.runPromise(Effect.provide(Effect.forEach(["ann@acme.com", "ben@acme.com"] as const, resend), app))
