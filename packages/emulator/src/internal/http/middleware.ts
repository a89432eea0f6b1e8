import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { ConnectionCut } from "./dropConnection.ts"
import * as Control from "./controlApi.ts"
import * as Cors from "./cors.ts"
import { CurrentSubject } from "./authorization.ts"
import * as Routes from "./handlers.ts"
import * as Routing from "./starletteRouting.ts"
import { resolveVersion, type Settings } from "../settings.ts"
import { EmulatorState } from "../state.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

const refusal = (status: number, error: string, detail: string) =>
  HttpServerResponse.jsonUnsafe({ error, detail }, { status })
const notFound = HttpServerResponse.jsonUnsafe({ detail: "Not Found" }, { status: 404 })
/** A handler failed. Compared by identity: Polar's headers are on everything else. */
const serverError = HttpServerResponse.text("Internal Server Error", {
  status: 500,
  contentType: "text/plain; charset=utf-8"
})
const tooManyRequests = (retryAfter: number) =>
  HttpServerResponse.empty({ status: 429, headers: { "retry-after": String(retryAfter) } })
const methodNotAllowed = (allow: string) =>
  HttpServerResponse.jsonUnsafe({ detail: "Method Not Allowed" }, { status: 405, headers: { allow } })
const redirect = (location: string) => HttpServerResponse.empty({ status: 307, headers: { location } })

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
  const token = /^bearer +([\x21-\x7e][\x20-\x7e]*)$/i.exec(authorization ?? "")?.[1]
  return token === undefined ? null : Redacted.make(token)
}

const largestBody = 10_485_760

/** What is wrong with the length of a request. */
const refuseLength = ({ headers, method }: Request, settings: Settings): Response | undefined => {
  const length = headers["content-length"]
  if (length === undefined) {
    return settings.requireContentLength && ["POST", "PUT", "PATCH"].includes(method)
      ? refusal(411, "LengthRequired", "A Content-Length header is required.")
      : undefined
  }
  return Number(length) > largestBody
    ? refusal(413, "RequestBodyTooLarge", `Request body exceeded the maximum allowed size of ${largestBody} bytes.`)
    : undefined
}

/** Adds headers, but not to what failed: Polar's own 500 passes by all that would add them. */
const withHeaders = (response: Response, headers: Readonly<Record<string, string>>): Response =>
  response === serverError ? response : HttpServerResponse.setHeaders(response, headers)

/** What is in front of the answer to a URL, as the client wrote it. */
const originOf = (request: Request): string =>
  Option.match(HttpServerRequest.toURL(request), { onNone: () => "", onSome: ({ origin }) => origin })

const deprecation = "The API root has moved from /api/v1 to /v1. Please update your integration."

const routerConfig = { caseSensitive: true, ignoreDuplicateSlashes: false, maxParamLength: 10_000 }

// The body goes with the connection, and the work does not
const detached = (request: Request): Effect.Effect<Request> =>
  Effect.match(request.arrayBuffer, {
    onFailure: () => HttpBody.empty,
    onSuccess: (bytes) => (bytes.byteLength === 0 ? HttpBody.empty : HttpBody.uint8Array(new Uint8Array(bytes)))
  }).pipe(
    Effect.map((body) =>
      HttpServerRequest.fromClientRequest(
        HttpClientRequest.setBody(HttpServerRequest.toClientRequest(request), body)
      ).modify({ url: request.url, headers: request.headers })
    )
  )

/** Answers the request in the context, whatever it is, or cuts its connection. */
export type Handle = Effect.Effect<Response, ConnectionCut, HttpServerRequest.HttpServerRequest | Scope.Scope>

/** Everything the emulator answers, as one effect of the request. */
export const make: Effect.Effect<Handle, never, EmulatorState | Scope.Scope> = Effect.gen(function* () {
  const state = yield* EmulatorState
  const scope = yield* Scope.Scope
  const router = yield* HttpRouter.toHttpEffect(
    Layer.mergeAll(Routes.layer, Control.layer).pipe(Layer.provide(HttpServer.layerServices))
  ).pipe(Effect.provideService(HttpRouter.RouterConfig, routerConfig))
  const routed = (otherwise: Response) =>
    router.pipe(
      Effect.catchReason("HttpServerError", "RouteNotFound", () => Effect.succeed(otherwise)),
      Effect.catchCause(() => Effect.succeed(serverError))
    )
  const control = routed(Control.notFound)
  const polar = routed(notFound)

  // From here on the order is that of the file, read backwards: each is wrapped by the next, as Polar's middlewares are

  const route = (request: Request, { path, query }: Routing.Target) =>
    Routing.Route.$match(Routing.find(request.method, path), {
      Found: () =>
        Effect.provideService(
          polar,
          HttpServerRequest.HttpServerRequest,
          request.modify({ url: Routing.escape(path) + Routing.lastOfEach(query) })
        ),
      Redirect: (to) => Effect.succeed(redirect(originOf(request) + Routing.escape(to.path) + query)),
      NotAllowed: ({ allow }) => Effect.succeed(methodNotAllowed(allow)),
      NotFound: () => Effect.succeed(notFound)
    })

  const authenticated = Effect.fnUntraced(function* (
    request: Request,
    target: Routing.Target,
    token: Redacted.Redacted<string> | null,
    { sandbox }: Settings
  ) {
    const known = yield* Effect.result(
      state.step((model, now) =>
        Result.map(model.authenticate(token, "portal", now), (subject) => {
          if (token !== null) {
            const group = model.rateLimitGroup(subject)
            state.rateLimits.remember(Redacted.value(token), subject, group, DateTime.toEpochMillis(now))
          }
          return subject
        })
      )
    )
    if (Result.isFailure(known)) {
      if (token !== null) state.rateLimits.forget(Redacted.value(token))
      return invalidToken
    }
    const response = yield* Effect.provideService(route(request, target), CurrentSubject, known.success)
    return withHeaders(response, {
      "cache-control": response.headers["cache-control"] ?? "private, no-store",
      ...(sandbox ? { "x-polar-sandbox": "1" } : {})
    })
  })

  const limited = Effect.fnUntraced(function* (request: Request, settings: Settings) {
    const target = Routing.target(request.url)
    const token = bearer(request.headers["authorization"])
    const retryAfter = state.rateLimits.count(
      settings.rateLimits,
      target.path,
      token === null ? null : Redacted.value(token),
      DateTime.toEpochMillis(yield* state.now)
    )
    const response =
      retryAfter === undefined ? yield* authenticated(request, target, token, settings) : tooManyRequests(retryAfter)
    return target.isDeprecated ? withHeaders(response, { "x-polar-deprecation-notice": deprecation }) : response
  })

  const versioned = Effect.fnUntraced(function* (request: Request) {
    const settings = yield* state.settings
    const version = resolveVersion(settings, request.headers["polar-version"])
    if (version === undefined) return notFound
    const preflight = Cors.preflight(request)
    if (preflight !== undefined) return withHeaders(preflight, { "polar-version": version })
    const response = refuseLength(request, settings) ?? (yield* limited(request, settings))
    return withHeaders(response, { ...Cors.headersFor(request), "polar-version": version })
  })

  const recorded = Effect.fnUntraced(function* (request: Request) {
    const at = yield* state.now
    const record = (status: number) => {
      state.requests.push({
        method: request.method,
        path: Routing.withoutSecrets(request.url, state.withoutInvitations),
        status,
        at
      })
    }
    const proceed = (request: Request) =>
      versioned(request).pipe(
        Effect.tap(({ status }) => Effect.sync(() => record(status))),
        Effect.provideService(HttpServerRequest.HttpServerRequest, request)
      )
    const fault = state.faults.next(request.method, request.url)
    if (fault === undefined) return yield* proceed(request)
    switch (fault._tag) {
      case "Answer":
        record(fault.response.status)
        return fault.response
      case "Delay": {
        // Polar does its work whether or not the client waits for it: only the wait for the answer ends with the client
        const work = Effect.andThen(Effect.sleep(fault.by), proceed(yield* detached(request)))
        return yield* Effect.interruptible(Fiber.join(yield* Effect.forkIn(work, scope)))
      }
      case "Drop":
        if (fault.when === "after") yield* versioned(request)
        record(0)
        return yield* new ConnectionCut()
    }
  })

  return { control, recorded }
}).pipe(
  Effect.map(({ control, recorded }): Handle =>
    Effect.flatMap(HttpServerRequest.HttpServerRequest, (request): Handle =>
      Control.owns(request.url) ? control : recorded(request)
    )
  )
)
