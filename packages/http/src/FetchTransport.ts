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
import { failedToAnswer, failedToSend, unwritable } from "./internal/transportReason.ts"

type Outcome = Result.Result<Answer, Reason>

/** Lets go of a body that nobody will read, so that it keeps no connection. Whether that works is of no interest any more. */
const letGo = (body: { readonly cancel: () => Promise<void> } | null): void => {
  body?.cancel().then(undefined, () => {})
}
const discard = ({ body, headers }: Response): void => {
  if (headers.get("content-length") !== "0") letGo(body)
}

/** The bytes of a body, or undefined where there are more of them than `limit`. */
const bytesOf = (response: Response, limit: number): Promise<Uint8Array | undefined> => {
  const { body, headers } = response
  const announced = Number(headers.get("content-length") ?? Number.NaN)
  if (announced > limit) {
    discard(response)
    return Promise.resolve(undefined)
  }
  // Where the length is known and what comes is what was sent, the protocol sees to it that no more comes
  return body === null || (announced <= limit && !headers.has("content-encoding"))
    ? response.arrayBuffer().then((buffer) => new Uint8Array(buffer))
    : collect(body.getReader(), limit)
}

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

const outcomeOf = (response: Response, limits: Limits): Outcome | Promise<Outcome> => {
  const { headers, status } = response
  let size = 0
  // Each cookie by itself, which a record has no room for
  headers.forEach((value, name) => {
    size += name.length + value.length
  })
  const tooLarge = whyTooLarge(status, size, limits)
  const limit = limits.body(status)
  const answer = (text: string): Answer => ({ status, retryAfter: headers.get("retry-after") ?? undefined, text })
  if (tooLarge !== undefined || limit === undefined) {
    discard(response)
    return tooLarge === undefined ? Result.succeed(answer("")) : Result.fail(tooLarge)
  }
  return bytesOf(response, limit).then((bytes) =>
    bytes === undefined ? Result.fail(bodyTooLarge(status, limit)) : Result.map(decodeBody(status, bytes), answer)
  )
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
      const headers = ownHeaders === undefined ? request.headers : Headers.merge(ownHeaders, request.headers)
      const whole: RequestInit = {
        ...init,
        method,
        ...(body._tag === "Uint8Array"
          ? // Fetch tells the length by itself, and some refuse to be told
            { headers: Headers.remove(headers, "content-length"), body: new Uint8Array(body.body) }
          : { headers, body: null })
      }
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
          // Somebody's own fetch may throw where it should reject
          new Promise<Response>((resolve) => resolve(fetch(url, { ...whole, signal: controller.signal })))
            .then(
              (response) => outcomeOf(response, limits),
              (cause: unknown) => Result.fail(failedToSend(cause))
            )
            .then(finish, (cause: unknown) => finish(Result.fail(failedToAnswer(cause))))
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
 * made of this one (`Pace`, `Cooldown`, `HttpClient.mapRequest`) is an ordinary one again.
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
