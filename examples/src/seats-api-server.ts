// A server of seats-api.ts for the seats of an organization. Every mail goes through `Invitations`, so three clicks are one
// mail, and nobody gets a dead link. To try it on the emulator (examples/README.md starts one):
//
//     export POLAR_API_URL=http://127.0.0.1:4321 POLAR_ACCESS_TOKEN=polar_oat_s3cret
//     npx -y pnpm@10.34.8 exec node examples/src/seats-api-server.ts
//     curl http://127.0.0.1:3000/subscriptions/e5149aae-e521-42b9-b24c-abb3d71eea2e/seats
//     curl http://127.0.0.1:3000/openapi.json
//
// The server does not authenticate its callers, so it listens on loopback only. Put your sign-in before it.

import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Recipient } from "@polar-seats/domain/Assignment"
import type { Seat } from "@polar-seats/domain/Seat"
import { NotFound } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, type SubscriptionId } from "@polar-seats/domain/SeatSource"
import { SeatsListView, SeatView } from "@polar-seats/domain/SeatView"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Config, Effect, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { createServer } from "node:http"
import { SeatsApi } from "./seats-api.ts"

const Handlers = HttpApiBuilder.group(
  SeatsApi,
  "seats",
  Effect.fn(function* (handlers) {
    const seats = yield* Seats
    const invitations = yield* Invitations
    const view = (seat: Seat) => Effect.map(seats.now, ({ now }) => SeatView.fromSeat(seat, now))
    // An organization token reaches every seat, so the path has to tell the truth
    const find = Effect.fn(function* ({
      seatId,
      subscriptionId
    }: {
      readonly seatId: string
      readonly subscriptionId: SubscriptionId
    }) {
      const list = yield* seats.list(SeatSource.Subscription({ id: subscriptionId }))
      const seat = list.seats.find(({ id }) => id === seatId)
      return seat ?? (yield* new NotFound({ resource: "seat", id: seatId, surface: "Organization" }))
    })
    return handlers.handleAll({
      list: ({ params }) =>
        seats
          .list(SeatSource.Subscription({ id: params.subscriptionId }))
          .pipe(Effect.flatMap((list) => Effect.map(seats.now, ({ now }) => SeatsListView.fromList(list, now)))),
      assign: ({ params, payload }) =>
        seats
          .assign({
            source: SeatSource.Subscription({ id: params.subscriptionId }),
            recipient: Recipient.Email(payload)
          })
          .pipe(Effect.flatMap(view)),
      resend: ({ params, query }) =>
        find(params).pipe(
          Effect.flatMap((seat) => invitations.resend(seat, query)),
          Effect.flatMap(({ seat }) => view(seat))
        ),
      revoke: ({ params }) =>
        find(params).pipe(
          Effect.flatMap(({ id }) => seats.revoke(id)),
          Effect.flatMap(view)
        )
    })
  })
)

const polar = OrganizationSeats.layerConfig({
  token: PolarConnection.configToken("POLAR_ACCESS_TOKEN"),
  baseUrl: Config.schema(PolarConnection.BaseUrl, "POLAR_API_URL").pipe(Config.withDefault("https://api.polar.sh"))
}).pipe(Layer.provide(UndiciTransport.layer))

// This journal is in the memory of one process. Several processes need a journal that they share
const invitations = Invitations.layer.pipe(Layer.provideMerge(polar), Layer.provide(Journal.layerMemory))

const Routes = HttpApiBuilder.layer(SeatsApi, { openapiPath: "/openapi.json" }).pipe(
  Layer.provide(Handlers),
  Layer.provide(invitations)
)

const socket = NodeHttpServer.layerConfig(createServer, {
  host: Config.succeed("127.0.0.1"),
  port: Config.Int("PORT").pipe(Config.withDefault(3000))
})

HttpRouter.serve(Routes).pipe(Layer.provide(socket), Layer.launch, NodeRuntime.runMain)
