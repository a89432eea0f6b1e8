// A web API that resends and lists seats for whoever calls it. Each request brings the customer session of its caller, and a
// middleware gives its handler `Seats` and `Invitations` that act as this caller and nobody else. All callers share the
// connections to Polar, and the journal of who was mailed. To try it on the emulator (examples/README.md starts one):
//
//     export POLAR_API_URL=http://127.0.0.1:4321
//     npx -y pnpm@10.34.8 exec node examples/src/http-middleware.ts
//     curl --oauth2-bearer polar_cst_s3cret http://127.0.0.1:3000/subscriptions/e5149aae-e521-42b9-b24c-abb3d71eea2e/seats
//
// In an app, your sign-in gives the session to the browser, or keeps it and looks it up here.

import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Seat, SeatId, SeatsList } from "@polar-seats/domain/Seat"
import { isSafeToRetry, NotFound } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Invitations, make as makeInvitations, type ResendInvitationError } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Config, Effect, Layer, Schema } from "effect"
import { HttpClient, HttpRouter } from "effect/http"
import {
  HttpApi,
  HttpApiBuilder,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSecurity
} from "effect/http-api"
import { createServer } from "node:http"

const fields = { message: Schema.String, mayRetry: Schema.Boolean }
class SignInAgain extends Schema.TaggedError<SignInAgain>()("SignInAgain", fields, { httpApiStatus: 401 }) {}
class Refused extends Schema.TaggedError<Refused>()("Refused", fields, { httpApiStatus: 409 }) {}
class NoAnswer extends Schema.TaggedError<NoAnswer>()("NoAnswer", fields, { httpApiStatus: 503 }) {}

const explain = (error: ResendInvitationError): SignInAgain | Refused | NoAnswer => {
  const answer = { message: error.message, mayRetry: isSafeToRetry(error) }
  switch (error._tag) {
    case "Unauthorized":
      return new SignInAgain(answer)
    case "RateLimited":
    case "Unavailable":
    case "JournalError":
    case "ReissueIncomplete":
    case "RevokedSomebodyElse":
      return new NoAnswer(answer)
    default:
      return new Refused(answer)
  }
}

class CallersSeats extends HttpApiMiddleware.Service<CallersSeats, { provides: Seats | Invitations }>()(
  "app/CallersSeats",
  {
    security: { session: HttpApiSecurity.bearer },
    error: SignInAgain
  }
) {}

const errors = [SignInAgain, Refused, NoAnswer] as const
class SeatsGroup extends HttpApiGroup.make("seats")
  .add(
    HttpApiEndpoint.get("list", "/subscriptions/:id/seats", {
      params: { id: SubscriptionId },
      success: SeatsList,
      error: errors
    }),
    HttpApiEndpoint.post("resend", "/subscriptions/:id/seats/:seatId/resend", {
      params: { id: SubscriptionId, seatId: SeatId },
      success: Seat,
      error: errors
    })
  )
  .middleware(CallersSeats) {}
class Api extends HttpApi.make("api").add(SeatsGroup) {}

const list = (id: SubscriptionId) => Seats.use((seats) => seats.list(SeatSource.Subscription({ id })))

// A seat of the list has its expiry, so that no dead link is mailed
const resend = Effect.fn("resend")(function* ({
  id,
  seatId
}: {
  readonly id: SubscriptionId
  readonly seatId: SeatId
}) {
  const { seats } = yield* list(id)
  const seat = seats.find((seat) => seat.id === seatId)
  if (seat === undefined) return yield* new NotFound({ resource: "seat", id: seatId })
  return (yield* Invitations.use((invitations) => invitations.resend(seat))).seat
})

// The handlers know no token. `Seats` and `Invitations` are those of the request
const Handlers = HttpApiBuilder.group(Api, "seats", (handlers) =>
  handlers.handleAll({
    list: ({ params }) => Effect.mapError(list(params.id), explain),
    resend: ({ params }) => Effect.mapError(resend(params), explain)
  })
)

// One `HttpClient` and one `Journal` for all. With a client of its own, each request would open a connection. With a journal
// of its own, each of three clicks would be a mail
const Middleware = Layer.effect(
  CallersSeats,
  Effect.gen(function* () {
    const http = yield* HttpClient.HttpClient
    const journal = yield* Journal.Journal
    const baseUrl = yield* Config.schema(PolarConnection.BaseUrl, "POLAR_API_URL").pipe(
      Config.withDefault("https://api.polar.sh")
    )
    return {
      session: (handler, { credential }) =>
        PortalSeats.make({ token: credential, baseUrl }).pipe(
          Effect.catchTags({
            Unauthorized: ({ message }) => Effect.fail(new SignInAgain({ message, mayRetry: false })),
            // `BaseUrl` has checked the only other option
            InvalidOption: Effect.die
          }),
          Effect.flatMap((seats) =>
            handler.pipe(
              Effect.provideServiceEffect(Invitations, makeInvitations),
              Effect.provideService(Journal.Journal, journal),
              Effect.provideService(Seats, seats)
            )
          ),
          Effect.provideService(HttpClient.HttpClient, http)
        )
    }
  })
  // This journal is in the memory of one process. Several processes need a journal that they share
).pipe(Layer.provide([UndiciTransport.layer, Journal.layerMemory]))

const Routes = HttpApiBuilder.layer(Api).pipe(Layer.provide(Handlers), Layer.provide(Middleware))

const socket = NodeHttpServer.layerConfig(createServer, {
  host: Config.succeed("127.0.0.1"),
  port: Config.Int("PORT").pipe(Config.withDefault(3000))
})

HttpRouter.serve(Routes).pipe(Layer.provide(socket), Layer.launch, NodeRuntime.runMain)
