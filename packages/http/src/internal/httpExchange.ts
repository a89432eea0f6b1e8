import * as SeatError from "@polar-seats/domain/SeatError"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Result from "effect/Result"
import {
  bodyTooLarge,
  decodeBody,
  type Answer,
  type Exchange,
  type Limits,
  noAnswer,
  type Patience,
  sizeOf,
  whyTooLarge
} from "./exchange.ts"
import { discard, readBody } from "./readBody.ts"
import { transportReason } from "./transportFailure.ts"

const notSent = (description: string) => SeatError.UnavailableReason.cases.NotSent.make({ description })
const tooLate = () => Effect.fail(notSent("its turn did not come within the time of the call"))

/** Sends a request by any `HttpClient`, and makes something of the response, in time. */
export type Send = <A>(
  request: HttpClientRequest.HttpClientRequest,
  patience: Patience,
  use: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, SeatError.UnavailableReason>
) => Effect.Effect<A, SeatError.UnavailableReason>

export const sendBy = (given: HttpClient.HttpClient, provided: Context.Context<never>): Send => {
  const client = HttpClient.transformResponse(given, Effect.provideContext(provided))

  // What the client does with a request before it sends it. With a pace it waits its turn there, and no byte has left yet
  const prepared = (
    request: HttpClientRequest.HttpClientRequest,
    deadline: number
  ): Effect.Effect<HttpClientRequest.HttpClientRequest, SeatError.UnavailableReason> => {
    const preparing = Effect.mapErrorEager(client.preprocess(request), () => notSent("it could not be prepared"))
    // Mostly there is nothing to do, and nothing to wait for
    if (Exit.isExit(preparing)) return preparing
    return Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.timeoutOrElse(preparing, { duration: deadline - now, orElse: tooLate })
    )
  }

  return (request, { deadline, within }, use) =>
    Effect.flatMap(prepared(request, deadline), (request) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const left = Math.min(within, deadline - now)
        if (left <= 0) return tooLate()
        const used = Effect.matchEffect(client.postprocess(Effect.succeed(request)), {
          onFailure: (error) => Effect.fail(transportReason(error)),
          onSuccess: use
        })
        return Effect.timeoutOrElse(used, { duration: left, orElse: () => Effect.fail(noAnswer(left)) })
      })
    )
}

/** Reads an answer as far as it is wanted. */
export const readAnswer = (
  response: HttpClientResponse.HttpClientResponse,
  limits: Limits
): Effect.Effect<Answer, SeatError.UnavailableReason> => {
  const { headers, status } = response
  const tooLarge = whyTooLarge(status, sizeOf(headers), limits)
  if (tooLarge !== undefined) return Effect.andThen(discard(response), Effect.fail(tooLarge))
  const limit = limits.body(status)
  const answer = (text: string): Answer => ({ status, retryAfter: headers["retry-after"], text })
  if (limit === undefined) return Effect.as(discard(response), answer(""))
  return Effect.matchEffect(readBody(response, limit), {
    onFailure: (error) => Effect.fail(transportReason(error)),
    onSuccess: (bytes) =>
      bytes === undefined
        ? Effect.fail(bodyTooLarge(status, limit))
        : Effect.fromResult(Result.map(decodeBody(status, bytes), answer))
  })
}

/** An exchange by any `HttpClient`. */
export const exchangeBy =
  (send: Send): Exchange =>
  (request, patience, limits) =>
    send(request, patience, (response) => readAnswer(response, limits))
