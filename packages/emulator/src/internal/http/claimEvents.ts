import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as PubSub from "effect/PubSub"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { findInvitation } from "../model/access.ts"
import { type Claim, EmulatorState } from "../state.ts"

const event = (data: string) => `data: ${data}\r\n\r\n`
const streamDuration = "10 minutes"

const notFound = HttpServerResponse.jsonUnsafe(
  { error: "ResourceNotFound", detail: "Invalid or expired invitation token" },
  { status: 404 }
)

const claimEvent = ({ id, productId, seat, type }: Claim) =>
  event(
    JSON.stringify({
      id,
      key: type,
      payload: {
        seat_id: seat.id,
        subscription_id: seat.subscriptionId,
        order_id: seat.orderId,
        product_id: productId
      }
    })
  )

/**
 * Streams the claims of every seat with the same customer as server-sent events, for ten minutes. The contract leaves it
 * out, because Polar hides it from its own OpenAPI document.
 */
export const layer = HttpRouter.add(
  "GET",
  "/v1/customer-seats/claim/:invitation_token/stream",
  Effect.gen(function* () {
    const { invitation_token = "" } = yield* HttpRouter.params
    const { claims, step } = yield* EmulatorState
    const found = yield* Effect.result(step((model, now) => findInvitation(model, invitation_token, now)))
    if (Result.isFailure(found)) return notFound
    const { customerId } = found.success.state.seat
    // Subscribes before the answer starts, so that no later event is missed
    const subscription = yield* PubSub.subscribe(claims)
    return Stream.fromSubscription(subscription).pipe(
      Stream.filter(({ seat }) => seat.customerId === customerId),
      Stream.map(claimEvent),
      // Headers leave with the first bytes of the body. A comment, like the pings of Polar's server, sends them at once
      (claims) => Stream.concat(Stream.succeed(": ping\r\n\r\n"), claims),
      Stream.interruptWhen(Effect.sleep(streamDuration)),
      Stream.concat(Stream.succeed(event('{"type": "reconnect"}'))),
      Stream.encodeText,
      (body) => HttpServerResponse.stream(body, { contentType: "text/event-stream; charset=utf-8" })
    )
  })
)
