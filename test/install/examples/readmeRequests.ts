import { Seats } from "@polar-seats/domain/Seats"
import { Emulator, World } from "@polar-seats/emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Invitations, make as makeInvitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Effect, Layer, ManagedRuntime, type Redacted } from "effect"

const team = World.team({ seats: 5, pending: ["ann@acme.com"] })
const app = ManagedRuntime.make(Layer.merge(Emulator.layer(team), Journal.layerMemory))
const resendAs = (token: Redacted.Redacted) =>
  Invitations.use(({ resend }) => resend(team.seatOf("ann@acme.com"))).pipe(
    Effect.provideServiceEffect(Invitations, makeInvitations),
    Effect.provideServiceEffect(Seats, PortalSeats.make({ token })),
    Effect.match({ onSuccess: () => "mailed", onFailure: ({ _tag }) => _tag })
  )
const click = () => app.runPromise(resendAs(team.token))
console.log(await Promise.all([click(), click(), click()]))
