// Receives Polar's webhooks about seats. To try it, let the emulator (examples/README.md starts one) send its webhooks:
//
//     POLAR_WEBHOOK_SECRET=polar_whs_s3cret npx -y pnpm@10.34.8 exec node examples/src/webhook-receiver.ts
//     curl http://127.0.0.1:4321/_emulator/settings --json \
//       '{ "webhook": { "url": "http://127.0.0.1:3001/polar", "secret": "polar_whs_s3cret" } }'
//
// Then revoke a seat: POLAR_API_URL=… POLAR_ACCESS_TOKEN=… npx -y pnpm@10.34.8 polar-seats revoke <seat-id> --yes

import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { SeatEvent, SeatWebhooks, layerConfig } from "@polar-seats/http/SeatWebhooks"
import { ByteSize, Config, Effect, Layer, Schema } from "effect"
import { HttpIncomingMessage, HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"

// Replace this with your reaction to an event. Webhooks may arrive out of order, so trust the event of a seat with the
// newest `timestamp`, not the one that arrived last
const handle = SeatEvent.$match({
  Assigned: ({ seat }) => Effect.log(`${seat.id}: invited, but not claimed yet`),
  Claimed: ({ seat }) => Effect.log(`${seat.id}: let the holder in`),
  Revoked: ({ seat }) => Effect.log(`${seat.id}: shut the holder out`),
  // An endpoint may be subscribed to other events too. Without a 2xx, Polar would send the event again
  Unknown: ({ type }) => Effect.log(`${type}: not about a seat`)
})

// Polar delivers a webhook at least once. Store the ids in a unique column of your database instead, in the transaction
// that handles the event. This set ends with the process, and other processes do not see it
const seen = new Set<string>()

const handleOnce = (event: SeatEvent) =>
  Effect.suspend(() => {
    if (seen.has(event.id)) return Effect.log(`${event.id}: seen before`)
    seen.add(event.id)
    // Polar sends an event again if its handling fails, and the next delivery must be handled
    return Effect.onError(handle(event), () => Effect.sync(() => seen.delete(event.id)))
  })

const receive = Effect.gen(function* () {
  const { arrayBuffer, headers } = yield* HttpServerRequest.HttpServerRequest
  const { verify } = yield* SeatWebhooks
  // The signature is of the bytes that arrived. A body that is parsed and encoded again has another signature
  yield* handleOnce(yield* verify({ headers, body: new Uint8Array(yield* arrayBuffer) }))
  return HttpServerResponse.empty({ status: 204 })
}).pipe(
  Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.mebibytes(1)),
  Effect.catchTags({
    InvalidWebhook: ({ message }) => Effect.as(Effect.logWarning(message), HttpServerResponse.empty({ status: 403 })),
    // The request was cut off, or is larger than any webhook from Polar
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
