import * as SeatError from "@polar-seats/domain/SeatError"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { type Answer, headerBytes, readAnswer, type TimeLimits } from "./exchange.ts"
import { type Opening, type PolarClient, retrying } from "./polarClient.ts"
import { type Attempts, streamWithTelemetry } from "./telemetry.ts"

/** Opens an answer without an end. The client limits the time, and retries, only until the headers are there. */
export const open = <A, E extends { readonly _tag: string }>(
  { shared }: PolarClient,
  opening: Opening<E>,
  read: (response: HttpClientResponse.HttpClientResponse) => Stream.Stream<A, SeatError.UnavailableReason>
): Stream.Stream<A, E | SeatError.RequestError> => {
  const { attributesOf, failRefused, host, limits, makeRequest, policy, send } = shared
  const { operation } = opening
  const unavailableBecause = (reason: SeatError.UnavailableReason) =>
    new SeatError.Unavailable({ operation, reason, host })
  // Ends with the headers of a success, so that the time limits do not cover its body
  const openOnce = (time: TimeLimits, fiber: Fiber.Fiber<unknown, unknown>) =>
    send(
      HttpClientRequest.setHeader(makeRequest(opening, fiber), "accept", "text/event-stream"),
      time,
      (response, dated): Effect.Effect<Result.Result<typeof response, Answer>, SeatError.UnavailableReason> =>
        response.status === 200 && headerBytes(response.headers) <= limits.headers
          ? Effect.succeed(Result.succeed(response))
          : Effect.map(readAnswer(response, limits, dated), Result.fail)
    )
  const readOpened = (
    opened: Result.Result<HttpClientResponse.HttpClientResponse, Answer>,
    attempts: Attempts
  ): Effect.Effect<Stream.Stream<A, SeatError.Unavailable>, E | SeatError.RequestError> => {
    attempts.status = Result.merge(opened).status
    return Result.isFailure(opened)
      ? failRefused(opening, opened.failure)
      : Effect.succeed(Stream.mapError(read(opened.success), unavailableBecause))
  }
  return streamWithTelemetry(operation, attributesOf(opening), retrying(policy, operation, host, openOnce, readOpened))
}
