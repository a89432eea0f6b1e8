import type { UnavailableReason } from "@polar-seats/domain/SeatError"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import {
  AnswerCollector,
  type AnswerResult,
  type Exchange,
  exchanges,
  maxTimerMillis,
  noAnswerWithin,
  type SizeLimits
} from "./internal/exchange.ts"
import { monotonicMillisUnsafe } from "./internal/monotonic.ts"
import { datedNow } from "./internal/polarClock.ts"
import { answerFailure, requestFailure, unwritable } from "./internal/transportFailure.ts"

/** Releases the connection of a body that nobody will read. Nobody needs to know whether that works. */
const cancelBody = (body: { readonly cancel: () => Promise<void> } | null): void => {
  body?.cancel().then(undefined, () => {})
}

// Node's `fetch` ends a body at its announced length, and the connection is free then. To say that the body has ended takes
// another tenth of a call. Elsewhere a body keeps its connection until somebody has read its end
const endsAtLength = "navigator" in globalThis && String(navigator.userAgent).startsWith("Node.js/")

const readResponse = (
  response: Response,
  { clock, sentAt }: { readonly clock: Clock.Clock; readonly sentAt: number },
  limits: SizeLimits,
  finish: (result: AnswerResult) => void
): void => {
  const { body, headers, status, type } = response
  let size = 0
  let announced = Number.NaN
  let isEncoded = false
  let retryAfter: string | undefined
  let date: string | undefined
  let age: string | undefined
  // One loop finds all. It also counts each cookie, of which a record would keep only one. An iterator takes longer
  headers.forEach((value, name) => {
    size += name.length + value.length
    if (name === "content-length") announced = Number(value)
    else if (name === "content-encoding") isEncoded = true
    else if (name === "retry-after") retryAfter = value
    else if (name === "date") date = value
    else if (name === "age") age = value
  })
  const collector = new AnswerCollector(limits)
  const known = collector.begin(status, size, announced, retryAfter, datedNow(clock, sentAt, date, age))
  if (known !== undefined) {
    if (announced !== 0) cancelBody(body)
    return finish(known)
  }
  const fail = (cause: unknown) => finish(Result.fail(answerFailure(cause)))
  // HTTP itself ends a body at its announced length. Only a body without one, or a compressed one, has to be counted
  const isExact = announced <= collector.limit && !isEncoded
  // A custom `fetch` makes responses of another type, and may announce any length
  const stopsAt = endsAtLength && isExact && type === "basic" ? announced : Number.POSITIVE_INFINITY
  if (body === null || (isExact && stopsAt === Number.POSITIVE_INFINITY)) {
    response
      .arrayBuffer()
      .then((buffer) => {
        collector.add(new Uint8Array(buffer))
        finish(collector.end())
      })
      .then(undefined, fail)
    return
  }
  const reader = body.getReader()
  const readNext = (): Promise<void> =>
    reader.read().then(({ value }) => {
      if (value === undefined) return finish(collector.end())
      const tooLarge = collector.add(value)
      if (tooLarge !== undefined) {
        cancelBody(reader)
        return finish(tooLarge)
      }
      return collector.size < stopsAt ? readNext() : finish(collector.end())
    })
  readNext().then(undefined, fail)
}

const urlOf = (request: HttpClientRequest.HttpClientRequest): string | undefined =>
  request.urlParams.params.length === 0
    ? request.url
    : Option.getOrUndefined(Option.map(HttpClientRequest.toUrl(request), ({ href }) => href))

const defaultFetch = Context.get(Context.empty(), FetchHttpClient.Fetch)

const makeExchange =
  (ofLayer: Context.Context<never>) =>
  (provided: Context.Context<FetchHttpClient.RequestInit>): Exchange => {
    const { headers: own, ...init } = Context.get(provided, FetchHttpClient.RequestInit)
    const ownHeaders = own === undefined ? undefined : Headers.fromInput(own)
    const fetchOfLayer = Context.get(ofLayer, FetchHttpClient.Fetch)

    return (request, { clock, within }, limits) => {
      const url = urlOf(request)
      if (url === undefined) return Effect.fail(unwritable())
      const { body, method } = request
      const isEmpty = body._tag !== "Uint8Array"
      const headers = ownHeaders === undefined ? request.headers : Headers.merge(ownHeaders, request.headers)
      return Effect.withFiber((fiber) => {
        // As in Effect's client, the `Fetch` of a call wins over that of the layer
        const ofCall = fiber.getRef(FetchHttpClient.Fetch)
        const fetch = ofCall === defaultFetch ? fetchOfLayer : ofCall
        return Effect.callback((resume) => {
          const controller = new AbortController()
          const sent = { clock, sentAt: monotonicMillisUnsafe(clock) }
          const finish = (result: AnswerResult) => {
            clearTimeout(timer)
            resume(Effect.fromResult(result))
          }
          const fail = (reason: UnavailableReason) => finish(Result.fail(reason))
          // A timer costs a tenth of a fiber that sleeps
          const timer =
            within > maxTimerMillis
              ? undefined
              : setTimeout(() => {
                  controller.abort()
                  fail(noAnswerWithin(within))
                }, within)
          // A custom fetch may throw where it should reject, and may resolve with anything
          const answered = Result.try(() =>
            fetch(url, {
              ...init,
              method,
              // fetch sets the length itself, and some implementations refuse one that is given
              headers: isEmpty ? headers : Headers.remove(headers, "content-length"),
              body: isEmpty ? null : new Uint8Array(body.body),
              signal: controller.signal
            })
          )
          if (Result.isFailure(answered)) fail(answerFailure(answered.failure))
          else {
            answered.success.then(
              (response) => {
                const read = Result.try(() => readResponse(response, sent, limits, finish))
                if (Result.isFailure(read)) fail(answerFailure(read.failure))
              },
              (cause: unknown) => fail(requestFailure(cause))
            )
          }
          return Effect.sync(() => {
            clearTimeout(timer)
            controller.abort()
          })
        })
      })
    }
  }

/**
 * `FetchHttpClient.layer` of Effect for Polar's layers, at half the cost. Polar's layers send and read in one step, and their
 * timeouts run on the clock of the platform, not on Effect's `Clock`. All other requests are sent as `FetchHttpClient.layer`
 * sends them, and so are those of a client made of this one (`Pace`, `HttpClient.mapRequest`).
 *
 * The layer takes the same `FetchHttpClient.Fetch` and `FetchHttpClient.RequestInit`, and runs on every platform with `fetch`.
 * Each build of it takes those that it finds there. The platform keeps the connections, and nothing can retire them.
 */
export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.fresh(
  Layer.effect(
    HttpClient.HttpClient,
    Effect.contextWith((ofLayer: Context.Context<HttpClient.HttpClient>) => {
      const { postprocess, preprocess } = Context.get(ofLayer, HttpClient.HttpClient)
      const client = HttpClient.makeWith(postprocess, preprocess)
      exchanges.set(client, makeExchange(ofLayer))
      return Effect.succeed(client)
    })
  ).pipe(Layer.provide(Layer.fresh(FetchHttpClient.layer)))
)
