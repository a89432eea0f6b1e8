// An HTTP server that lists, assigns, resends and revokes the seats of an organization. Three clicks on resend are one mail. To try it on the emulator
// (examples/README.md starts one):
//
//     export POLAR_API_URL=http://127.0.0.1:4321 POLAR_ACCESS_TOKEN=polar_oat_s3cret
//     npx -y pnpm@10.34.8 exec node examples/src/http-server.ts
//     curl http://127.0.0.1:3000/subscriptions/e5149aae-e521-42b9-b24c-abb3d71eea2e/seats
//
// The server does not authenticate its callers, so it listens on loopback only. Put your sign-in before it.

import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Recipient } from "@polar-seats/domain/Assignment"
import { Seat, SeatId, SeatsList } from "@polar-seats/domain/Seat"
import { isRateLimited, isSafeToRetry, NotFound, type SeatError } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Invitations, type ResendInvitationError } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Config, Duration, Effect, Layer, Schema } from "effect"
import { type HttpServerError, HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"

type Failure = SeatError | ResendInvitationError | Schema.SchemaError | HttpServerError.HttpServerError

const statuses: Record<Failure["_tag"], number> = {
  SchemaError: 400,
  HttpServerError: 400,
  NotFound: 404,
  RecipientNotFound: 404,
  AlreadyClaimed: 409,
  AlreadyAssigned: 409,
  InvitationUnavailable: 409,
  NoSeatAvailable: 409,
  InvitationExpired: 409,
  MailedRecently: 409,
  InProgressElsewhere: 409,
  MailedSomebodyElse: 409,
  HolderRemoved: 409,
  InexactMetadata: 409,
  InvalidRequest: 422,
  RateLimited: 429,
  // Polar refuses our token, not the caller's
  Unauthorized: 500,
  Forbidden: 500,
  InvalidOption: 500,
  UnreadableEntry: 500,
  Unavailable: 502,
  JournalError: 503,
  ReissueIncomplete: 503,
  RevokedSomebodyElse: 503
}

const refuse = (error: Failure) => {
  const wait = isRateLimited(error) ? Duration.toSeconds(error.retryAfter ?? Duration.minutes(1)) : undefined
  return HttpServerResponse.json(
    { error: error._tag, message: error.message, may_retry: isSafeToRetry(error) },
    {
      status: statuses[error._tag],
      headers: wait === undefined ? {} : { "retry-after": String(Math.ceil(wait)) }
    }
  )
}

const source = HttpRouter.schemaPathParams(Schema.Struct({ id: SubscriptionId })).pipe(
  Effect.map(SeatSource.Subscription)
)
const seatId = HttpRouter.schemaPathParams(Schema.Struct({ seatId: SeatId })).pipe(Effect.map(({ seatId }) => seatId))
const body = HttpServerRequest.schemaBodyJson(Schema.Struct({ email: Schema.String }))

const answer = <A, R>(result: Effect.Effect<A, Failure, R>, schema: Schema.ConstraintCodec<A, unknown, never, never>) =>
  Effect.matchEffect(result, { onFailure: refuse, onSuccess: (seats) => HttpServerResponse.schemaJson(schema)(seats) })

const routes = HttpRouter.use(
  Effect.fn(function* ({ add }) {
    const { assign, list, revoke } = yield* Seats
    const { resend } = yield* Invitations
    // A seat of the list has its expiry, so that no dead link is mailed
    const seat = Effect.gen(function* () {
      const [{ seats }, id] = yield* Effect.all([Effect.flatMap(source, list), seatId])
      return seats.find((seat) => seat.id === id) ?? (yield* new NotFound({ resource: "seat", id }))
    })
    const resent = Effect.map(Effect.flatMap(seat, resend), (sent) => sent.seat)
    const assigned = Effect.all({ source, recipient: Effect.map(body, Recipient.Email) }).pipe(Effect.flatMap(assign))
    yield* add("GET", "/subscriptions/:id/seats", answer(Effect.flatMap(source, list), SeatsList))
    yield* add("POST", "/subscriptions/:id/seats", answer(assigned, Seat))
    yield* add("POST", "/subscriptions/:id/seats/:seatId/resend", answer(resent, Seat))
    yield* add("DELETE", "/seats/:seatId", answer(Effect.flatMap(seatId, revoke), Seat))
  })
)

const polar = OrganizationSeats.layerConfig({
  token: PolarConnection.configToken("POLAR_ACCESS_TOKEN"),
  baseUrl: Config.schema(PolarConnection.BaseUrl, "POLAR_API_URL").pipe(Config.withDefault("https://api.polar.sh"))
}).pipe(Layer.provide(UndiciTransport.layer))

// All requests share one journal, so three clicks are one mail. This one is in the memory of one process. Several processes
// need a journal that they share
const invitations = Invitations.layer.pipe(Layer.provide(Journal.layerMemory), Layer.provideMerge(polar))

const socket = NodeHttpServer.layerConfig(createServer, {
  host: Config.succeed("127.0.0.1"),
  port: Config.Int("PORT").pipe(Config.withDefault(3000))
})

HttpRouter.serve(routes).pipe(Layer.provide([invitations, socket]), Layer.launch, NodeRuntime.runMain)
