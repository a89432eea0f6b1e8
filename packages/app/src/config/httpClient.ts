import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import { root } from "../globalFlags.ts"
import { printErr } from "../output/print.ts"
import { readProxies } from "./proxies.ts"

const formatUrl = ({ url, urlParams }: HttpClientRequest.HttpClientRequest): string => {
  const query = UrlParams.toString(urlParams)
  // Polar takes the token of an invitation as a part of the path
  return (query === "" ? url : `${url}?${query}`).replace(/(\/claim\/)[^/?#]+/g, "$1…")
}

/** Prints a request when it ends: method, URL, status and milliseconds, but no header and no body. */
const printRequest = Effect.fnUntraced(function* <E, R>(
  response: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>,
  request: HttpClientRequest.HttpClientRequest
) {
  const start = yield* Clock.currentTimeMillis
  return yield* Effect.onExit(
    response,
    Effect.fnUntraced(function* (exit) {
      const outcome = Exit.isSuccess(exit) ? exit.value.status : Exit.hasInterrupts(exit) ? "given up" : "no answer"
      const time = (yield* Clock.currentTimeMillis) - start
      yield* printErr(`${request.method} ${formatUrl(request)} -> ${outcome} in ${time} ms`)
    })
  )
})

// Node's own client: undici takes as long to load as everything else together
const layerNode = Layer.unwrap(
  Effect.map(readProxies, (proxyEnv) =>
    NodeHttpClient.layerNodeHttpOptions({ keepAlive: true, ...(proxyEnv === undefined ? {} : { proxyEnv }) })
  )
)

/** The `HttpClient` of every command, through the proxy that the environment names. With `--verbose` it prints each request. */
export const layerHttpClient = Layer.effect(
  HttpClient.HttpClient,
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const { verbose } = yield* root
    return verbose ? HttpClient.transform(client, printRequest) : client
  })
).pipe(Layer.provide(layerNode))
