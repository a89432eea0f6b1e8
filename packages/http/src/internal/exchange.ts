import { UnavailableReason } from "@polar-seats/domain/SeatError"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { transportFailure } from "./transportFailure.ts"

const { NotSent, OutcomeUnknown, UnexpectedResponse } = UnavailableReason.cases

/** The time that a request has, in milliseconds. */
export interface TimeLimits {
  /** The time on the clock by which the request must have left. */
  readonly deadline: number
  /** How long the answer may take after that. */
  readonly within: number
}

/** How much of an answer is read. */
export interface SizeLimits {
  /** How large the names and values of the headers may be together, in bytes. */
  readonly headers: number
  /** How large the body may be, in bytes. Undefined if the status is enough, so that nobody reads the body. */
  readonly body: (status: number) => number | undefined
}

/** The parts of an answer that the client uses. */
export interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  /** The body, or an empty text if the status is enough. */
  readonly text: string
}

/** Sends a request once and reads the answer. It fails with the reason why no usable answer came. */
export type Exchange = (
  request: HttpClientRequest.HttpClientRequest,
  time: TimeLimits,
  size: SizeLimits
) => Effect.Effect<Answer, UnavailableReason>

/**
 * The exchange in one step that our own transports offer beside `HttpClient`. It makes no response object and no fiber
 * that keeps the time. The function is given the services that each request gets.
 */
export const exchanges = new WeakMap<HttpClient.HttpClient, (provided: Context.Context<never>) => Exchange>()

/** The longest time that a timer can wait, in milliseconds. A longer time fires at once, so it counts as no limit. */
export const maxTimerMillis = 2 ** 31 - 1

export const unexpectedResponse = (status: number, description: string): UnavailableReason =>
  UnexpectedResponse.make({ status, description })

export const noAnswerWithin = (millis: number): UnavailableReason =>
  OutcomeUnknown.make({ description: `no answer came within ${Duration.format(Duration.millis(millis))}` })

/** How large headers are together, in bytes. */
export const headerBytes = (headers: {
  readonly [name: string]: string | ReadonlyArray<string> | undefined
}): number => {
  let size = 0
  for (const name in headers) {
    const value = headers[name] ?? ""
    size += name.length + (typeof value === "string" ? value.length : value.join("").length)
  }
  return size
}

/** Why headers of this size are not accepted, or undefined if they are. */
export const headersProblem = (status: number, bytes: number, { headers }: SizeLimits): UnavailableReason | undefined =>
  bytes > headers ? unexpectedResponse(status, `the headers are larger than ${headers} bytes`) : undefined

export const bodyTooLarge = (status: number, limit: number): UnavailableReason =>
  unexpectedResponse(status, `the body is larger than ${limit} bytes`)

/** The chunks of a body as one array of `size` bytes. */
export const joinChunks = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** A body as text. It fails if the body is not UTF-8. */
export const decodeBody = (status: number, bytes: Uint8Array) =>
  Result.try({
    try: () => utf8.decode(bytes),
    catch: () => unexpectedResponse(status, "the body is not UTF-8")
  })

/** Releases the connection of an answer that nobody will read: starts to read the body and stops at once. */
export const discardBody = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  response.headers["content-length"] === "0"
    ? Effect.void
    : Effect.flatMap(
        Effect.forkChild(Effect.ignore(Stream.runDrain(response.stream)), { startImmediately: true }),
        Fiber.interrupt
      )

/** The bytes of a body, or undefined if there are more than `limit`. */
const readBody = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<Uint8Array | undefined, HttpClientError.HttpClientError> => {
  const announced = Number(response.headers["content-length"] ?? Number.NaN)
  if (announced > limit) return Effect.as(discardBody(response), undefined)
  // HTTP itself ends a body at its announced length. Only a body without one, or a compressed one, has to be counted
  if (announced <= limit && response.headers["content-encoding"] === undefined) {
    return Effect.map(response.arrayBuffer, (buffer) => new Uint8Array(buffer))
  }
  return Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    return response.stream.pipe(
      Stream.takeUntil((chunk) => {
        chunks.push(chunk)
        size += chunk.byteLength
        return size > limit
      }),
      Stream.runDrain,
      Effect.map(() => (size > limit ? undefined : joinChunks(chunks, size))),
      Effect.catchReason("HttpClientError", "EmptyBodyError", () => Effect.succeed(new Uint8Array(0)))
    )
  })
}

/** Reads a response up to its limits. */
export const readAnswer = (
  response: HttpClientResponse.HttpClientResponse,
  limits: SizeLimits
): Effect.Effect<Answer, UnavailableReason> => {
  const { headers, status } = response
  const tooLarge = headersProblem(status, headerBytes(headers), limits)
  if (tooLarge !== undefined) return Effect.andThen(discardBody(response), Effect.fail(tooLarge))
  const limit = limits.body(status)
  const answer = (text: string): Answer => ({ status, retryAfter: headers["retry-after"], text })
  if (limit === undefined) return Effect.as(discardBody(response), answer(""))
  return Effect.matchEffect(readBody(response, limit), {
    onFailure: (error) => Effect.fail(transportFailure(error)),
    onSuccess: (bytes) =>
      bytes === undefined
        ? Effect.fail(bodyTooLarge(status, limit))
        : Effect.fromResult(Result.map(decodeBody(status, bytes), answer))
  })
}

const notSent = (description: string) => NotSent.make({ description })
const failTooLate = () => Effect.fail(notSent("it was still waiting for the rate limit when `totalTimeout` ended"))

/** Sends a request and uses the response, within its time. */
export type Send = <A>(
  request: HttpClientRequest.HttpClientRequest,
  time: TimeLimits,
  use: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<A, UnavailableReason>
) => Effect.Effect<A, UnavailableReason>

/** Sends through any `HttpClient`. */
export const makeSend = (given: HttpClient.HttpClient, provided: Context.Context<never>): Send => {
  const client = HttpClient.transformResponse(given, Effect.provideContext(provided))

  // The client prepares a request before it sends it. A `Pace` waits for its turn there, before any byte has left
  const prepare = (
    request: HttpClientRequest.HttpClientRequest,
    deadline: number
  ): Effect.Effect<HttpClientRequest.HttpClientRequest, UnavailableReason> => {
    const preparing = Effect.mapErrorEager(client.preprocess(request), () => notSent("it could not be prepared"))
    // Most clients prepare nothing, so there is nothing to limit
    if (Exit.isExit(preparing)) return preparing
    return Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.timeoutOrElse(preparing, { duration: deadline - now, orElse: failTooLate })
    )
  }

  return (request, { deadline, within }, use) =>
    Effect.flatMap(prepare(request, deadline), (prepared) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const left = Math.min(within, deadline - now)
        if (left <= 0) return failTooLate()
        const used = Effect.matchEffect(client.postprocess(Effect.succeed(prepared)), {
          onFailure: (error) => Effect.fail(transportFailure(error)),
          onSuccess: use
        })
        return Effect.timeoutOrElse(used, { duration: left, orElse: () => Effect.fail(noAnswerWithin(left)) })
      })
    )
}

const maxJsonDepth = 500
export const tooDeep = "the body nests too deep"

// A short text has few brackets, and counting them is faster than following them
const hasFewBrackets = (text: string): boolean => {
  let count = 0
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++count > maxJsonDepth) return false
    }
  }
  return true
}

/**
 * Whether JSON nests deeper than any answer of Polar. Such JSON would overflow the stack of the decoder, or later of the
 * caller.
 */
export const nestsTooDeep = (text: string): boolean => {
  if (text.length <= maxJsonDepth || hasFewBrackets(text)) return false
  let depth = 0
  let isString = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (isString) {
      if (character === 92) at++
      else if (character === 34) isString = false
    } else if (character === 34) isString = true
    else if (character === 91 || character === 123) {
      if (++depth > maxJsonDepth) return true
    } else if (character === 93 || character === 125) depth--
  }
  return false
}
