import { UnavailableReason } from "@polar-seats/domain/SeatError"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { monotonicMillisUnsafe } from "./monotonic.ts"
import { type Dated, datedNow } from "./polarClock.ts"
import { transportFailure } from "./transportFailure.ts"

const { NotSent, OutcomeUnknown, UnexpectedResponse } = UnavailableReason.cases

/** The time that a request has, in milliseconds. */
export interface TimeLimits {
  /** How long the call may still take. */
  readonly total: number
  /** Within which time the request must leave. It is `total`, or less if the caller asks for less. */
  readonly sendWithin: number
  /** How long the answer may take after that. */
  readonly within: number
  /** The clock of the call. */
  readonly clock: Clock.Clock
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
  readonly dated: Dated | undefined
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
export const exchanges = new WeakMap<
  HttpClient.HttpClient,
  (provided: Context.Context<FetchHttpClient.RequestInit>) => Exchange
>()

/** How a client gives up the kept connections of its transport, after an answer that belongs to another request. */
export interface Connections {
  retire: () => void
}

/** The client provides this with each request. A transport that can retire its connections sets `retire`. */
export const Connections = Context.Reference<Connections | undefined>("@polar-seats/http/internal/Connections", {
  defaultValue: () => undefined
})

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

/** The chunks of a body as one array of `size` bytes. */
export const joinChunks = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const [first, second] = chunks
  if (first !== undefined && second === undefined) return first
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** The result of an exchange: the answer, or the reason why there is none. */
export type AnswerResult = Result.Result<Answer, UnavailableReason>

/** Collects one answer up to its limits. */
export class AnswerCollector {
  /** The status of the answer, or 0 before it begins. */
  status = 0
  /** How large the body may be, in bytes. */
  limit = 0
  /** How much of the body there is, in bytes. */
  size = 0
  private readonly limits: SizeLimits
  private retryAfter: string | undefined = undefined
  private dated: Dated | undefined = undefined
  private readonly chunks: Array<Uint8Array> = []

  constructor(limits: SizeLimits) {
    this.limits = limits
  }

  /** Begins the answer. Returns its result if nobody needs the body. `length` is `NaN` if the headers do not say it. */
  begin(
    status: number,
    headers: number,
    length: number,
    retryAfter: string | undefined,
    dated: Dated | undefined
  ): AnswerResult | undefined {
    this.status = status
    this.retryAfter = retryAfter
    this.dated = dated
    if (headers > this.limits.headers) return this.fail(`the headers are larger than ${this.limits.headers} bytes`)
    const limit = this.limits.body(status)
    if (limit === undefined) return this.succeed("")
    this.limit = limit
    return length > limit ? this.end(length) : undefined
  }

  /** Whether the body has no part yet. */
  get isEmpty(): boolean {
    return this.size === 0
  }

  /** Adds a part of the body. Returns the result if the body is too large. */
  add(chunk: Uint8Array): AnswerResult | undefined {
    this.chunks.push(chunk)
    this.size += chunk.byteLength
    return this.size > this.limit ? this.end() : undefined
  }

  /** Ends the body, which would be of this size in bytes. */
  end(size = this.size): AnswerResult {
    if (size > this.limit) return this.fail(`the body is larger than ${this.limit} bytes`)
    const text = Result.try(() => utf8.decode(joinChunks(this.chunks, size)))
    return Result.isSuccess(text) ? this.succeed(text.success) : this.fail("the body is not UTF-8")
  }

  private succeed(text: string): AnswerResult {
    return Result.succeed({ status: this.status, retryAfter: this.retryAfter, dated: this.dated, text })
  }

  private fail(description: string): AnswerResult {
    return Result.fail(unexpectedResponse(this.status, description))
  }
}

/** Releases the connection of an answer that nobody will read: starts to read the body and stops at once. */
export const discardBody = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  response.headers["content-length"] === "0"
    ? Effect.void
    : Effect.flatMap(
        Effect.forkChild(Effect.ignore(Stream.runDrain(response.stream)), { startImmediately: true }),
        Fiber.interrupt
      )

/** Reads a response up to its limits. */
export const readAnswer = (
  response: HttpClientResponse.HttpClientResponse,
  limits: SizeLimits,
  dated: Dated
): Effect.Effect<Answer, UnavailableReason> => {
  const { headers, status } = response
  const collector = new AnswerCollector(limits)
  const announced = Number(headers["content-length"] ?? Number.NaN)
  const known = collector.begin(status, headerBytes(headers), announced, headers["retry-after"], dated)
  if (known !== undefined) return Effect.andThen(discardBody(response), Effect.fromResult(known))
  const whole = Effect.map(response.arrayBuffer, (buffer) => void collector.add(new Uint8Array(buffer)))
  const drained = Stream.runDrain(Stream.takeUntil(response.stream, (chunk) => collector.add(chunk) !== undefined))
  // HTTP itself ends a body at its announced length. Only a body without one, or a compressed one, has to be counted
  const body =
    announced <= collector.limit && headers["content-encoding"] === undefined
      ? whole
      : Effect.flatMap(Effect.exit(drained), (exit) =>
          // If the given client has read the body before, its stream is locked or empty, and `arrayBuffer` has kept it
          collector.isEmpty ? Effect.catch(whole, (error) => (Exit.hasDies(exit) ? Effect.fail(error) : exit)) : exit
        )
  return Effect.matchEffect(body, {
    onFailure: (error) => Effect.fail(transportFailure(error)),
    onSuccess: () => Effect.fromResult(collector.end())
  })
}

const notSent = (description: string) => NotSent.make({ description })

/** The request has not left within the time that the caller allows. */
export const notSentWithin = (why: string): UnavailableReason =>
  notSent(`it could not leave within the time that \`SendWithin\` allows, because ${why}`)

/** The request has not left in time: it still waits in the client that should send it. */
export const stillWaiting = ({ sendWithin, total }: TimeLimits): UnavailableReason =>
  sendWithin < total
    ? notSentWithin("it was still waiting for its turn")
    : notSent("it was still waiting for the rate limit when `totalTimeout` ended")

/** Sends requests through any `HttpClient`, and uses each response, within the time of the request. */
export const makeSend = (given: HttpClient.HttpClient, provided: Context.Context<never>) => {
  const client = HttpClient.transformResponse(given, Effect.provideContext(provided))

  // The client prepares a request before it sends it. A `Pace` waits for its turn there, before any byte has left
  const prepare = (request: HttpClientRequest.HttpClientRequest, time: TimeLimits) => {
    const preparing = Effect.mapErrorEager(client.preprocess(request), () => notSent("it could not be prepared"))
    // Most clients prepare nothing, so there is nothing to limit
    if (Exit.isExit(preparing)) return preparing
    return Effect.timeoutOrElse(preparing, {
      duration: time.sendWithin,
      orElse: () => Effect.fail(stillWaiting(time))
    })
  }

  return <A>(
    request: HttpClientRequest.HttpClientRequest,
    time: TimeLimits,
    use: (response: HttpClientResponse.HttpClientResponse, dated: Dated) => Effect.Effect<A, UnavailableReason>
  ): Effect.Effect<A, UnavailableReason> =>
    Effect.clockWith((clock) => {
      const start = monotonicMillisUnsafe(clock)
      return Effect.flatMap(prepare(request, time), (prepared) => {
        const sentAt = monotonicMillisUnsafe(clock)
        const waited = sentAt - start
        if (waited >= time.sendWithin) return Effect.fail(stillWaiting(time))
        const left = Math.min(time.within, time.total - waited)
        const useDated = (response: HttpClientResponse.HttpClientResponse) =>
          use(response, datedNow(clock, sentAt, response.headers["date"], response.headers["age"]))
        const used = Effect.matchEffect(client.postprocess(Effect.succeed(prepared)), {
          // A client that fails on a status, as with `filterStatusOk`, keeps the answer in its error
          onFailure: (error) =>
            error.response === undefined ? Effect.fail(transportFailure(error)) : useDated(error.response),
          onSuccess: useDated
        })
        return Effect.timeoutOrElse(used, { duration: left, orElse: () => Effect.fail(noAnswerWithin(left)) })
      })
    })
}

const maxJsonDepth = 500
export const tooDeep = "the body nests too deep"

// A short text has few brackets, and counting them is faster than following them
const hasFewBrackets = (text: string): boolean => {
  let count = 0
  for (let at = text.indexOf("{"); at >= 0 && count <= maxJsonDepth; at = text.indexOf("{", at + 1)) count++
  for (let at = text.indexOf("["); at >= 0 && count <= maxJsonDepth; at = text.indexOf("[", at + 1)) count++
  return count <= maxJsonDepth
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
