// Receives Polar's webhooks about seats. To try it, let the emulator (examples/README.md starts one) tell it what happens:
//
//     POLAR_WEBHOOK_SECRET=polar_whs_s3cret npx -y pnpm@10.34.8 exec node examples/src/webhook-receiver.ts
//     curl http://127.0.0.1:4321/_emulator/settings --data \
//       '{ "webhook": { "url": "http://127.0.0.1:3001/polar", "secret": "polar_whs_s3cret" } }'
//
// and take a seat away: POLAR_API_URL=… POLAR_ACCESS_TOKEN=… npx -y pnpm@10.34.8 polar-seats revoke <seat-id>

import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { SeatEvent, SeatWebhooks, layerConfig } from "@polar-seats/http/SeatWebhooks"
import { ByteSize, Config, Effect, Layer, Schema } from "effect"
import { HttpIncomingMessage, HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"

// Yours: what to do about it. Deliveries may overtake each other, so the newest `timestamp` of a seat counts, not the last
const handle = SeatEvent.$match({
  Assigned: ({ seat }) => Effect.log(`${seat.id}: invited, and not in yet`),
  Claimed: ({ seat }) => Effect.log(`${seat.id}: let the holder in`),
  Revoked: ({ seat }) => Effect.log(`${seat.id}: shut the holder out`),
  // An endpoint may be subscribed to more than seats. Without a 2xx Polar would send it again
  Unknown: ({ type }) => Effect.log(`${type}: not about a seat`)
})

// Polar delivers at least once. Keep the ids in your database instead, in a column that is unique, and write each in the
// transaction that does what the event asks for: these are forgotten when the process ends, and no other one knows them
const seen = new Set<string>()

const handleOnce = (event: SeatEvent) =>
  Effect.suspend(() => {
    if (seen.has(event.id)) return Effect.log(`${event.id}: seen before`)
    seen.add(event.id)
    // What failed is sent again, and has to be handled then
    return Effect.onError(handle(event), () => Effect.sync(() => seen.delete(event.id)))
  })

const receive = Effect.gen(function* () {
  const { arrayBuffer, headers } = yield* HttpServerRequest.HttpServerRequest
  const { verify } = yield* SeatWebhooks
  // The bytes as they arrived: a body that was parsed and written again has another signature
  yield* handleOnce(yield* verify({ headers, body: new Uint8Array(yield* arrayBuffer) }))
  return HttpServerResponse.empty({ status: 204 })
}).pipe(
  Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.mebibytes(1)),
  Effect.catchTags({
    InvalidWebhook: ({ message }) => Effect.as(Effect.logWarning(message), HttpServerResponse.empty({ status: 403 })),
    // Cut off, or larger than any webhook of Polar's
    HttpServerError: () => Effect.succeed(HttpServerResponse.empty({ status: 400 }))
  })
)

const webhooks = layerConfig({
  secret: Config.schema(Schema.RedactedFromValue(Schema.NonEmptyString), "POLAR_WEBHOOK_SECRET")
})

const socket = NodeHttpServer.layerConfig(createServer, {
  host: Config.succeed("127.0.0.1"),
  port: Config.Int("PORT").pipe(Config.withDefault(3001))
})

HttpRouter.serve(HttpRouter.add("POST", "/polar", receive)).pipe(
  Layer.provide([webhooks, socket]),
  Layer.launch,
  NodeRuntime.runMain
)
