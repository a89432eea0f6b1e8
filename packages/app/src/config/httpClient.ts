import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import { complain } from "../output/print.ts"
import { type Root, root } from "../globalFlags.ts"

// The token of an invitation is a part of the path
const withoutSecrets = (url: string): string => url.replace(/(\/claim\/)[^/?#]+/g, "$1…")

const urlOf = ({ url, urlParams }: HttpClientRequest.HttpClientRequest): string => {
  const query = UrlParams.toString(urlParams)
  return withoutSecrets(query === "" ? url : `${url}?${query}`)
}

/** Shows a request when it is over: method, URL, status, time. No header, no body. */
const shown = Effect.fnUntraced(function* <E, R>(
  response: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>,
  request: HttpClientRequest.HttpClientRequest
) {
  const start = yield* Clock.currentTimeMillis
  return yield* Effect.onExit(
    response,
    Effect.fnUntraced(function* (exit) {
      const outcome = Exit.isSuccess(exit) ? exit.value.status : Exit.hasInterrupts(exit) ? "given up" : "no answer"
      const time = (yield* Clock.currentTimeMillis) - start
      yield* complain(`${request.method} ${urlOf(request)} -> ${outcome} in ${time} ms`)
    })
  )
})

/** The way out, which `--verbose` lets one watch. */
export const layer: Layer.Layer<HttpClient.HttpClient, never, Root> = Layer.effect(
  HttpClient.HttpClient,
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const { verbose } = yield* root
    return verbose ? HttpClient.transform(client, shown) : client
  })
).pipe(
  // Not undici, which takes as long to load as everything else
  Layer.provide(NodeHttpClient.layerNodeHttpOptions({ keepAlive: true }))
)
