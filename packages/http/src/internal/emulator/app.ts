import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Control from "./control.ts"
import * as Portal from "./portal.ts"
import { CurrentSubject } from "./portal.ts"
import { EmulatorState } from "./state.ts"

const notFound = HttpServerResponse.jsonUnsafe({ detail: "Not Found" }, { status: 404 })
const serverError = HttpServerResponse.text("Internal Server Error", { status: 500 })

const tokenRefused = "The access token provided is expired, revoked, malformed, or invalid for other reasons."
// Written by hand, because this is one of the few answers that Polar does not write compactly
const invalidToken = HttpServerResponse.text(`{"error": "invalid_token", "error_description": "${tokenRefused}"}`, {
  status: 401,
  contentType: "application/json",
  headers: {
    "www-authenticate": `Bearer realm="polar", error="invalid_token", error_description="${tokenRefused}"`,
    "cache-control": "no-store",
    pragma: "no-cache"
  }
})

/** The token of a request. Another scheme, an empty value and one outside ASCII are as good as none. */
const bearer = (authorization: string | undefined): Redacted.Redacted<string> | null => {
  const token = /^bearer +([\x21-\x7e]+)$/i.exec(authorization ?? "")?.[1]
  return token === undefined ? null : Redacted.make(token)
}

/** Answers the request in the context, whatever it is. */
export type Handle = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  HttpServerRequest.HttpServerRequest | Scope.Scope
>

/** Everything the emulator answers, as one effect of the request. */
export const make: Effect.Effect<Handle, never, EmulatorState | Scope.Scope> = Effect.gen(function* () {
  const state = yield* EmulatorState
  const router = yield* HttpRouter.toHttpEffect(
    Layer.mergeAll(Portal.layer, Control.layer).pipe(Layer.provide(HttpServer.layerServices))
  )
  const routed = router.pipe(
    Effect.catchReason("HttpServerError", "RouteNotFound", () => Effect.succeed(notFound)),
    Effect.catchCause(() => Effect.succeed(serverError))
  )

  const polar = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const token = bearer(request.headers["authorization"])
    const subject = yield* Effect.result(state.step((model, now) => model.authenticate(token, now)))
    const response = Result.isFailure(subject)
      ? invalidToken
      : yield* Effect.provideService(routed, CurrentSubject, subject.success)
    state.requests.push({
      method: request.method,
      path: request.url,
      status: response.status,
      at: yield* state.now
    })
    return response
  })

  return Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    return yield* request.url.startsWith(`${Control.prefix}/`) ? routed : polar(request)
  })
})
