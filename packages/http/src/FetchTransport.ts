import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { UnavailableReason } from "@polar-seats/domain/SeatError"
import {
  type Answer,
  bodyTooLarge,
  decodeBody,
  type Exchange,
  exchanges,
  headersProblem,
  joinChunks,
  maxTimerMillis,
  noAnswerWithin,
  type SizeLimits
} from "./internal/exchange.ts"
import { answerFailure, requestFailure, unwritable } from "./internal/transportFailure.ts"

type AnswerResult = Result.Result<Answer, UnavailableReason>

/** Releases the connection of a body that nobody will read. Nobody needs to know whether that works. */
const cancelBody = (body: { readonly cancel: () => Promise<void> } | null): void => {
  body?.cancel().then(undefined, () => {})
}

/** The bytes of a body, or undefined if there are more than `limit`. */
const readBytes = (reader: ReadableStreamDefaultReader<Uint8Array>, limit: number): Promise<Uint8Array | undefined> => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  const readNext = (): Promise<Uint8Array | undefined> =>
    reader.read().then(({ value }) => {
      if (value === undefined) return joinChunks(chunks, size)
      chunks.push(value)
      size += value.byteLength
      if (size <= limit) return readNext()
      cancelBody(reader)
      return undefined
    })
  return readNext()
}

/** Reads a response up to its limits. */
const readResponse = (response: Response, limits: SizeLimits, finish: (result: AnswerResult) => void): void => {
  const { body, headers, status } = response
  let size = 0
  let announced = Number.NaN
  let isEncoded = false
  let retryAfter: string | undefined
  // One loop finds all. It also counts each cookie, of which a record would keep only one
  for (const [name, value] of headers) {
    size += name.length + value.length
    if (name === "content-length") announced = Number(value)
    else if (name === "content-encoding") isEncoded = true
    else if (name === "retry-after") retryAfter = value
  }
  const finishUnread = (result: AnswerResult) => {
    if (announced !== 0) cancelBody(body)
    finish(result)
  }
  const tooLarge = headersProblem(status, size, limits)
  if (tooLarge !== undefined) return finishUnread(Result.fail(tooLarge))
  const limit = limits.body(status)
  if (limit === undefined) return finishUnread(Result.succeed({ status, retryAfter, text: "" }))
  if (announced > limit) return finishUnread(Result.fail(bodyTooLarge(status, limit)))

  const fail = (cause: unknown) => finish(Result.fail(answerFailure(cause)))
  const decode = (bytes: Uint8Array) =>
    finish(Result.map(decodeBody(status, bytes), (text) => ({ status, retryAfter, text })))
  // HTTP itself ends a body at its announced length. Only a body without one, or a compressed one, has to be counted
  if (body === null || (announced <= limit && !isEncoded)) {
    response.arrayBuffer().then((buffer) => decode(new Uint8Array(buffer)), fail)
  } else {
    readBytes(body.getReader(), limit).then(
      (bytes) => (bytes === undefined ? finish(Result.fail(bodyTooLarge(status, limit))) : decode(bytes)),
      fail
    )
  }
}

const urlOf = (request: HttpClientRequest.HttpClientRequest): string | undefined =>
  request.urlParams.params.length === 0
    ? request.url
    : Option.getOrUndefined(Option.map(HttpClientRequest.toUrl(request), ({ href }) => href))

const defaultFetch = Context.get(Context.empty(), FetchHttpClient.Fetch)

const makeExchange =
  (ofLayer: Context.Context<never>) =>
  (provided: Context.Context<never>): Exchange => {
    const { headers: own, ...init } = Option.getOrElse(
      Context.getOption(provided, FetchHttpClient.RequestInit),
      (): RequestInit => ({})
    )
    const ownHeaders = own === undefined ? undefined : Headers.fromInput(own)
    const fetchOfLayer = Context.get(ofLayer, FetchHttpClient.Fetch)

    return (request, { within }, limits) => {
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
          const finish = (result: AnswerResult) => {
            clearTimeout(timer)
            resume(Effect.fromResult(result))
          }
          // A timer costs a tenth of a fiber that sleeps
          const timer =
            within > maxTimerMillis
              ? undefined
              : setTimeout(() => {
                  controller.abort()
                  finish(Result.fail(noAnswerWithin(within)))
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
          if (Result.isFailure(answered)) finish(Result.fail(answerFailure(answered.failure)))
          else {
            answered.success
              .then(
                (response) => readResponse(response, limits, finish),
                (cause: unknown) => finish(Result.fail(requestFailure(cause)))
              )
              .then(undefined, (cause: unknown) => finish(Result.fail(answerFailure(cause))))
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
 */
export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.contextWith((ofLayer: Context.Context<HttpClient.HttpClient>) => {
    const { postprocess, preprocess } = Context.get(ofLayer, HttpClient.HttpClient)
    const client = HttpClient.makeWith(postprocess, preprocess)
    exchanges.set(client, makeExchange(ofLayer))
    return Effect.succeed(client)
  })
).pipe(Layer.provide(FetchHttpClient.layer))
