// A web API on Effect 3 and @effect/platform. It knows the Promises and the plain data of @acme/seats, and nothing of Effect 4.

import { connect, type Refused, type Sent } from "@acme/seats"
import { HttpApp, HttpRouter, HttpServerResponse } from "@effect/platform"
import { DateTime, Effect } from "effect"

/** The requests of one customer, as a web handler. */
export const makeHandler = (seats: ReturnType<typeof connect>) => {
  // An interruption of this effect aborts the signal. A rejection is a bug, so it becomes a defect and no error
  const resend = (subscriptionId: string, seatId: string): Effect.Effect<Sent, Refused> =>
    Effect.promise((signal) => seats.resend(subscriptionId, seatId, signal)).pipe(
      Effect.flatMap((outcome) => (outcome._tag === "Sent" ? Effect.succeed(outcome) : Effect.fail(outcome)))
    )

  const answer = (status: number, body: object) => HttpServerResponse.unsafeJson(body, { status })
  const refuse = (status: number) => (refused: Refused) => Effect.succeed(answer(status, refused))

  const app = HttpRouter.empty.pipe(
    HttpRouter.post(
      "/subscriptions/:subscriptionId/seats/:seatId/invitation",
      Effect.gen(function* () {
        const { seatId = "", subscriptionId = "" } = yield* HttpRouter.params
        const { expiresAt, to } = yield* resend(subscriptionId, seatId)
        // A `Date` becomes a `DateTime` of Effect 3 here
        const until = expiresAt === null ? null : DateTime.formatIso(DateTime.unsafeFromDate(expiresAt))
        return answer(200, { to, until })
      }).pipe(
        Effect.catchTag("InvalidRequest", refuse(400)),
        Effect.catchTag("NotFound", refuse(404)),
        Effect.catchTag("AlreadyClaimed", "InvitationExpired", refuse(409)),
        Effect.catchTag("MailedRecently", refuse(429)),
        Effect.catchAll((refused) => refuse(refused.mayRetry ? 503 : 502)(refused))
      )
    )
  )
  return HttpApp.toWebHandler(app)
}
