import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Timestamp from "@polar-seats/domain/Timestamp"
import { encodeSeat } from "@polar-seats/http/SeatJson"
import * as SeatWebhooks from "@polar-seats/http/SeatWebhooks"
import type { SeatEvent } from "./model/polarModel.ts"
import type { Webhook } from "./settings.ts"
import { EmulatorState } from "./state.ts"

/** The body of a webhook. */
export const toJson = ({ seat, timestamp, type }: SeatEvent) => ({
  type,
  timestamp: Timestamp.format(timestamp),
  data: encodeSeat(seat)
})

const headersOf = Effect.fnUntraced(function* (id: string, body: string, { secret }: Webhook) {
  // The receiver judges the age of a webhook by the real clock, which the emulator's clock may differ from
  const timestamp = yield* DateTime.now
  if (secret == null) {
    return { "webhook-id": id, "webhook-timestamp": String(Math.floor(DateTime.toEpochMillis(timestamp) / 1000)) }
  }
  return yield* Effect.flatMap(SeatWebhooks.SeatWebhooks, ({ sign }) => sign({ id, timestamp, body })).pipe(
    Effect.provide(SeatWebhooks.layer({ secret })),
    Effect.orDie
  )
})

// A redirect could lead to a host that the settings refuse. `fetch` follows one, and Node's client does not
const withoutRedirects = Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" })

/**
 * Delivers every announcement from now on to the receiver in the settings, once each and in order. If the receiver is too
 * slow, the oldest that wait are dropped.
 */
export const deliver = Effect.fnUntraced(function* (client: HttpClient.HttpClient) {
  const { deliveries, settings } = yield* EmulatorState
  yield* deliveries.begin
  const next = Effect.gen(function* () {
    const event = yield* deliveries.take
    const { webhook } = yield* settings
    if (webhook === null) return
    const body = JSON.stringify(toJson(event))
    const request = HttpClientRequest.post(webhook.url, {
      headers: { ...(yield* headersOf(event.id, body, webhook)), "user-agent": "polar.sh webhooks" }
    }).pipe(HttpClientRequest.bodyText(body, "application/json"))
    // Polar retries later. The emulator does not, and ignores whether the delivery arrived
    yield* client.execute(request).pipe(Effect.scoped, withoutRedirects, Effect.timeout("10 seconds"), Effect.ignore)
  })
  yield* Effect.forkScoped(Effect.forever(next))
})
