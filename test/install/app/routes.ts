import * as RouteParameters from "@polar-seats/domain/RouteParameters"
import { SeatId } from "@polar-seats/domain/Seat"
import { NotFound } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Invitations from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Effect, Redacted } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { CallersSeats } from "./callersSeats.ts"
import { explainError, explainSent } from "./explain.ts"

const decodeIds = RouteParameters.decode({ id: SeatId, subscription: SubscriptionId })

/**
 * `POST /seats/:id/resend?subscription=…`. All requests share one journal, so that a second click mails nobody. The list comes
 * first: Polar refuses strangers before the journal tells of a mail, and the seat says whether its link is dead.
 */
export const routes = HttpRouter.use(
  Effect.fn(function* (router) {
    const callers = yield* CallersSeats
    const journal = yield* Journal.Journal

    const resend = Effect.fn("resend")(
      function* (session: Redacted.Redacted<string>, parameters: Readonly<Record<string, unknown>>) {
        const { id, subscription } = yield* decodeIds(parameters)
        const seats = yield* callers.make(session)
        const list = yield* seats.list(SeatSource.Subscription({ id: subscription }))
        const seat = list.seats.find((one) => one.id === id)
        if (seat === undefined) return yield* new NotFound({ resource: "seat", id })
        const invitations = yield* Effect.provideService(Invitations.make, Seats, seats)
        return yield* invitations.resend(seat)
      },
      Effect.provideService(Journal.Journal, journal),
      Effect.tapError((error) => Effect.logWarning(error.message)),
      Effect.match({ onSuccess: explainSent, onFailure: explainError })
    )

    yield* router.add("POST", "/seats/:id/resend", (request) =>
      Effect.gen(function* () {
        const session = Redacted.make((request.headers["authorization"] ?? "").replace(/^Bearer /i, ""))
        const query = yield* HttpServerRequest.ParsedSearchParams
        const { message, status } = yield* resend(session, { ...query, ...(yield* HttpRouter.params) })
        return HttpServerResponse.jsonUnsafe({ message }, { status })
      })
    )
  })
)
