// Polar's seats for an app on Effect 3. This package has Effect 4, and the app has Effect 3. Values of Effect 4 look like those
// of Effect 3 and do not work there, often silently. So only Promises and plain data leave this file.

import * as RouteParameters from "@polar-seats/domain/RouteParameters"
import { SeatId } from "@polar-seats/domain/Seat"
import { isSafeToRetry, NotFound } from "@polar-seats/domain/SeatError"
import { type ListError, Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Invitations, type ResendInvitationError } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Cause, DateTime, Effect, Exit, Layer, ManagedRuntime, Option, Redacted } from "effect"

type Failure = ListError | ResendInvitationError
type Tag = Failure["_tag"]

/** The invitation was mailed to `to`, and its link works until `expiresAt`. */
export interface Sent {
  readonly _tag: "Sent"
  readonly to: string | null
  readonly expiresAt: Date | null
}

/** The error of this library with that `_tag`, one type for each, so that `Effect.catchTag` of Effect 3 tells them apart. */
export type Refused = { [T in Tag]: { readonly _tag: T; readonly message: string; readonly mayRetry: boolean } }[Tag]

const refuse = (error: Failure): Refused => ({
  _tag: error._tag,
  message: error.message,
  mayRetry: isSafeToRetry(error)
})

const decodeIds = RouteParameters.decode({ subscriptionId: SubscriptionId, seatId: SeatId })

const resend = Effect.fnUntraced(function* (ids: { readonly subscriptionId: string; readonly seatId: string }) {
  const { seatId, subscriptionId } = yield* decodeIds(ids)
  const { list } = yield* Seats
  const invitations = yield* Invitations
  const { seats } = yield* list(SeatSource.Subscription({ id: subscriptionId }))
  const found = seats.find(({ id }) => id === seatId)
  if (found === undefined) return yield* new NotFound({ resource: "seat", id: seatId })
  const { invitation, seat } = yield* invitations.resend(found)
  const expiresAt = invitation._tag === "Live" ? DateTime.toDate(invitation.expiresAt) : null
  return { _tag: "Sent", to: seat.holderEmail, expiresAt } satisfies Sent
})

/** Connects to Polar as the customer whose session `token` is. After `close`, every call rejects. */
export const connect = (polar: { readonly token: string; readonly baseUrl?: string }) => {
  const seats = PortalSeats.layer({ ...polar, token: Redacted.make(polar.token) })
  const layer = Invitations.layer.pipe(
    Layer.provideMerge(seats),
    Layer.provide([Journal.layerMemory, FetchTransport.layer])
  )
  const runtime = ManagedRuntime.make(layer)

  const run = async <A>(
    effect: Effect.Effect<A, Failure, Layer.Success<typeof layer>>,
    signal?: AbortSignal
  ): Promise<A | Refused> => {
    const exit = await runtime.runPromiseExit(effect, { signal })
    if (Exit.isSuccess(exit)) return exit.value
    // `runPromise` would reject with an error of Polar as with a bug, and the app could not tell them apart
    const error = Cause.findErrorOption(exit.cause)
    if (Option.isSome(error)) return refuse(error.value)
    signal?.throwIfAborted()
    throw Cause.squash(exit.cause)
  }

  return {
    /** Mails an invitation again. An abort interrupts the call. If the request has left by then, the mail may go out. */
    resend: (subscriptionId: string, seatId: string, signal?: AbortSignal): Promise<Sent | Refused> =>
      run(resend({ subscriptionId, seatId }), signal),
    close: () => runtime.dispose()
  }
}
