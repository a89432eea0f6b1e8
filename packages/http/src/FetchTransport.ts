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
  type Answer,
  bodyTooLarge,
  decodeBody,
  type Exchange,
  exchanges,
  type Limits,
  longestTimer,
  noAnswer,
  type Reason,
  whyTooLarge
} from "./internal/exchange.ts"
import { concat } from "./internal/readBody.ts"
import { failedToAnswer, failedToSend, unwritable } from "./internal/transportFailure.ts"

type Outcome = Result.Result<Answer, Reason>

/** Lets go of a body that nobody will read, so that it keeps no connection. Whether that works is of no interest any more. */
const letGo = (body: { readonly cancel: () => Promise<void> } | null): void => {
  body?.cancel().then(undefined, () => {})
}

/** The bytes of a body, or undefined where there are more of them than `limit`. */
const collect = (reader: ReadableStreamDefaultReader<Uint8Array>, limit: number): Promise<Uint8Array | undefined> => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  const more = (): Promise<Uint8Array | undefined> =>
    reader.read().then(({ value }) => {
      if (value === undefined) return concat(chunks, size)
      chunks.push(value)
      size += value.byteLength
      if (size <= limit) return more()
      letGo(reader)
      return undefined
    })
  return more()
}

/** Reads an answer as far as it is wanted. */
const read = (response: Response, limits: Limits, finish: (outcome: Outcome) => void): void => {
  const { body, headers, status } = response
  let size = 0
  let announced = Number.NaN
  let isEncoded = false
  let retryAfter: string | undefined
  // In one turn, and each cookie by itself, which a record has no room for
  for (const [name, value] of headers) {
    size += name.length + value.length
    if (name === "content-length") announced = Number(value)
    else if (name === "content-encoding") isEncoded = true
    else if (name === "retry-after") retryAfter = value
  }
  const unread = (outcome: Outcome) => {
    if (announced !== 0) letGo(body)
    finish(outcome)
  }
  const tooLarge = whyTooLarge(status, size, limits)
  if (tooLarge !== undefined) return unread(Result.fail(tooLarge))
  const limit = limits.body(status)
  if (limit === undefined) return unread(Result.succeed({ status, retryAfter, text: "" }))
  if (announced > limit) return unread(Result.fail(bodyTooLarge(status, limit)))

  const failed = (cause: unknown) => finish(Result.fail(failedToAnswer(cause)))
  const decoded = (bytes: Uint8Array) =>
    finish(Result.map(decodeBody(status, bytes), (text) => ({ status, retryAfter, text })))
  // Where the length is known and what comes is what was sent, the protocol sees to it that no more comes
  if (body === null || (announced <= limit && !isEncoded)) {
    response.arrayBuffer().then((buffer) => decoded(new Uint8Array(buffer)), failed)
  } else {
    collect(body.getReader(), limit).then(
      (bytes) => (bytes === undefined ? finish(Result.fail(bodyTooLarge(status, limit))) : decoded(bytes)),
      failed
    )
  }
}

const urlOf = (request: HttpClientRequest.HttpClientRequest): string | undefined =>
  request.urlParams.params.length === 0
    ? request.url
    : Option.getOrUndefined(Option.map(HttpClientRequest.toUrl(request), ({ href }) => href))

const unsaid = Context.get(Context.empty(), FetchHttpClient.Fetch)

const exchangeWith =
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
        // As with Effect's client, what a call is given wins over what the layer is given
        const ofCall = fiber.getRef(FetchHttpClient.Fetch)
        const fetch = ofCall === unsaid ? fetchOfLayer : ofCall
        return Effect.callback((resume) => {
          const controller = new AbortController()
          const finish = (outcome: Outcome) => {
            clearTimeout(timer)
            resume(Effect.fromResult(outcome))
          }
          // A timer is a tenth of what a fiber that sleeps costs
          const timer =
            within > longestTimer
              ? undefined
              : setTimeout(() => {
                  controller.abort()
                  finish(Result.fail(noAnswer(within)))
                }, within)
          // Somebody's own fetch may throw where it should reject, and answer with anything
          const answered = Result.try(() =>
            fetch(url, {
              ...init,
              method,
              // Fetch tells the length by itself, and some refuse to be told
              headers: isEmpty ? headers : Headers.remove(headers, "content-length"),
              body: isEmpty ? null : new Uint8Array(body.body),
              signal: controller.signal
            })
          )
          if (Result.isFailure(answered)) finish(Result.fail(failedToAnswer(answered.failure)))
          else {
            answered.success
              .then(
                (response) => read(response, limits, finish),
                (cause: unknown) => finish(Result.fail(failedToSend(cause)))
              )
              .then(undefined, (cause: unknown) => finish(Result.fail(failedToAnswer(cause))))
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
 * `FetchHttpClient.layer` of Effect for Polar's layers, at half the cost: they send and read in one step, and keep their
 * timeouts on the clock of the platform, whatever Effect's says. Whatever else is sent by it is sent as by that. A client
 * made of this one (`Pace`, `HttpClient.mapRequest`) is an ordinary one again.
 *
 * It takes the same `FetchHttpClient.Fetch` and `FetchHttpClient.RequestInit`, and runs where `fetch` does.
 */
export const layer: Layer.Layer<HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.contextWith((ofLayer: Context.Context<HttpClient.HttpClient>) => {
    const { postprocess, preprocess } = Context.get(ofLayer, HttpClient.HttpClient)
    const client = HttpClient.makeWith(postprocess, preprocess)
    exchanges.set(client, exchangeWith(ofLayer))
    return Effect.succeed(client)
  })
).pipe(Layer.provide(FetchHttpClient.layer))
