import * as Data from "effect/Data"
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
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type { BrowserGuard } from "../../BrowserGuard.ts"
import * as Bounds from "../bounds.ts"
import { answerOf } from "../faults.ts"
import { actingFor, authenticate, nameOf, rateLimitGroup } from "../model/access.ts"
import { resolveVersion, type Settings } from "../settings.ts"
import { EmulatorState } from "../state.ts"
import { CurrentSubject, invalidToken, organizationRefusal } from "./authorization.ts"
import * as ControlApi from "./controlApi.ts"
import * as Handlers from "./handlers.ts"
import * as RequestBody from "./requestBody.ts"
import { escapePath, lastOfEach, methodsOf, type Target, targetOf } from "./starletteRouting.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

/** The emulator cuts the connection of the request instead of answering. */
class ConnectionCut extends Data.TaggedError("ConnectionCut") {}

/**
 * Cuts the connection of a request, if it has a socket. Only this function knows what is below an `HttpServerRequest`: on
 * Node, its `source` is an `IncomingMessage`, and `socket.destroy()` cuts the connection. It looks the members up by
 * name, so the package needs neither Node nor its types.
 */
export const dropConnection = ({ source }: Request): Effect.Effect<void> =>
  Effect.sync(() => {
    const socket: unknown = Reflect.get(source, "socket")
    if (Predicate.hasProperty(socket, "destroy") && Predicate.isFunction(socket.destroy)) socket.destroy()
  })

const refusal = (status: number, error: string, detail: string) =>
  HttpServerResponse.jsonUnsafe({ error, detail }, { status })
const notFound = HttpServerResponse.jsonUnsafe({ detail: "Not Found" }, { status: 404 })
const plainText = "text/plain; charset=utf-8"
/** The answer if a handler fails. `withHeaders` compares it by identity. */
const serverError = HttpServerResponse.text("Internal Server Error", { status: 500, contentType: plainText })
const methodNotAllowed = (allow: string) =>
  HttpServerResponse.jsonUnsafe({ detail: "Method Not Allowed" }, { status: 405, headers: { allow } })

/** The token of a request. Another scheme, an empty value and a value outside ASCII count as no token. */
const bearerToken = (authorization = ""): string | null =>
  /^bearer +([\x21-\x7e][\x20-\x7e]*)$/i.exec(authorization)?.[1] ?? null

/** The refusal of a request whose length is missing or too large. */
const refuseLength = ({ headers, method }: Request, settings: Settings): Response | undefined => {
  const length = headers["content-length"]
  if (length === undefined) {
    return settings.requireContentLength && ["POST", "PUT", "PATCH"].includes(method)
      ? refusal(411, "LengthRequired", "A Content-Length header is required.")
      : undefined
  }
  return Number(length) > Bounds.polarBody.bytes ? RequestBody.tooManyBytes(Bounds.polarBody.bytes) : undefined
}

/** Adds headers to an answer, except to a 500: Polar's middlewares do not see their own server's failures. */
const withHeaders = (response: Response, headers: Readonly<Record<string, string>>): Response =>
  response === serverError ? response : HttpServerResponse.setHeaders(response, headers)

const originOf = (request: Request): string =>
  Option.match(HttpServerRequest.toURL(request), { onNone: () => "", onSome: ({ origin }) => origin })

const corsMethods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
const allowedHeaders = [
  "Accept",
  "Accept-Language",
  "Authorization",
  "Content-Language",
  "Content-Type",
  "Polar-Version"
]
const allowedNames = new Set(allowedHeaders.map((name) => name.toLowerCase()))

const preflightHeaders = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": corsMethods.join(", "),
  "access-control-max-age": "600",
  "access-control-allow-headers": allowedHeaders.join(", ")
}

const isPreflight = ({ headers, method }: Request): boolean =>
  method === "OPTIONS" && headers["origin"] !== undefined && headers["access-control-request-method"] !== undefined

/** The answer to a CORS preflight. Undefined if the request is not one. */
const preflightAnswer = (request: Request): Response | undefined => {
  if (!isPreflight(request)) return undefined
  const { "access-control-request-headers": wanted, "access-control-request-method": method = "" } = request.headers
  const areNamesAllowed = wanted?.split(",").every((name) => allowedNames.has(name.trim().toLowerCase())) ?? true
  const failures = [...(corsMethods.includes(method) ? [] : ["method"]), ...(areNamesAllowed ? [] : ["headers"])]
  const [status, text] = failures.length === 0 ? [200, "OK"] : [400, `Disallowed CORS ${failures.join(", ")}`]
  return HttpServerResponse.text(text, { status, contentType: plainText, headers: preflightHeaders })
}

/** The CORS headers of every other answer to a browser on another origin. */
const corsHeaders = (request: Request): Readonly<Record<string, string>> =>
  request.headers["origin"] === undefined
    ? {}
    : { "access-control-allow-origin": "*", "access-control-expose-headers": "Polar-Version" }

const deprecation = "The API root has moved from /api/v1 to /v1. Please update your integration."

// Copies a request with its body, so that the work goes on when the client closes the connection
const copyOf = (request: Request, bytes: ArrayBuffer): Request => {
  const body = bytes.byteLength === 0 ? HttpBody.empty : HttpBody.uint8Array(new Uint8Array(bytes))
  const copy = HttpClientRequest.setBody(HttpServerRequest.toClientRequest(request), body)
  return HttpServerRequest.fromClientRequest(copy).modify({ url: request.url, headers: request.headers })
}

type Env = HttpServerRequest.HttpServerRequest | Scope.Scope

interface Pipeline {
  readonly state: EmulatorState["Service"]
  readonly guard: BrowserGuard
  readonly scope: Scope.Scope
  readonly handlers: Effect.Effect<Response, never, Env>
}

// From here on, each function is wrapped by the next one. That is the order of Polar's middlewares, read from the inside

const route = ({ handlers }: Pipeline, request: Request, { path, query }: Target): Pipeline["handlers"] => {
  const methods = methodsOf(path)
  if (methods.includes(request.method)) {
    const url = escapePath(path) + lastOfEach(query)
    return Effect.provideService(handlers, HttpServerRequest.HttpServerRequest, request.modify({ url }))
  }
  if (methods.length > 0) return Effect.succeed(methodNotAllowed(methods.join(", ")))
  // A path with one slash more or less is redirected. Without the lookbehind, the regex begins again at every slash
  const other = path.endsWith("/") ? path.replace(/(?<!\/)\/+$/, "") : `${path}/`
  if (methodsOf(other).length === 0) return Effect.succeed(notFound)
  const location = originOf(request) + escapePath(other) + query
  return Effect.succeed(HttpServerResponse.empty({ status: 307, headers: { location } }))
}

const authenticated = Effect.fnUntraced(function* (
  pipeline: Pipeline,
  request: Request,
  target: Target,
  token: string | null,
  { sandbox }: Settings
) {
  const { rateLimits, step } = pipeline.state
  const known = yield* Effect.result(
    step((model, now) =>
      Result.gen(function* () {
        const subject = yield* authenticate(model, token, "portal", now)
        const acting = yield* actingFor(model, subject, request.headers["polar-organization"])
        // A limit counts the requests of a token, whichever organization they name
        if (token !== null) {
          rateLimits.remember(token, subject, rateLimitGroup(model, subject), DateTime.toEpochMillis(now))
        }
        return acting
      })
    )
  )
  if (Result.isFailure(known) && known.failure._tag !== "Unauthorized") {
    return withHeaders(organizationRefusal(known.failure), { "cache-control": "private, no-store" })
  }
  if (Result.isFailure(known)) {
    if (token !== null) rateLimits.forget(token)
    return invalidToken
  }
  const response = yield* Effect.provideService(route(pipeline, request, target), CurrentSubject, known.success)
  // Polar refuses a body outside of these middlewares
  if (response.status === 413) return response
  return withHeaders(response, {
    "cache-control": response.headers["cache-control"] ?? "private, no-store",
    ...(sandbox ? { "x-polar-sandbox": "1" } : {})
  })
})

const limited = Effect.fnUntraced(function* (pipeline: Pipeline, request: Request, settings: Settings) {
  const { now, rateLimits } = pipeline.state
  const target = targetOf(request.url)
  const token = bearerToken(request.headers["authorization"])
  const retryAfter = rateLimits.count(settings.rateLimits, target.path, token, DateTime.toEpochMillis(yield* now))
  const response =
    retryAfter === undefined
      ? yield* authenticated(pipeline, request, target, token, settings)
      : HttpServerResponse.empty({ status: 429, headers: { "retry-after": String(retryAfter) } })
  return target.isDeprecated ? withHeaders(response, { "x-polar-deprecation-notice": deprecation }) : response
})

const versioned = Effect.fnUntraced(function* (pipeline: Pipeline, request: Request) {
  const settings = yield* pipeline.state.settings
  const version = resolveVersion(settings, request.headers["polar-version"])
  if (version === undefined) return notFound
  const preflight = preflightAnswer(request)
  if (preflight !== undefined) return withHeaders(preflight, { "polar-version": version })
  const response = refuseLength(request, settings) ?? (yield* limited(pipeline, request, settings))
  return withHeaders(response, { ...corsHeaders(request), "polar-version": version })
})

// Polar does its work whether or not the client waits. Only the wait for the answer ends with the client
const delayed = Effect.fnUntraced(function* (
  { scope, state: { bodies } }: Pipeline,
  request: Request,
  wait: Effect.Effect<void>,
  proceed: (request: Request) => Effect.Effect<Response, never, Scope.Scope>
) {
  const read = bodies.read(request, Bounds.polarBody.bytes)
  const bytes = yield* Effect.catchDefect(read, () => Effect.succeed(new ArrayBuffer(0)))
  const work = bodies.keeping(bytes.byteLength, Effect.andThen(wait, proceed(copyOf(request, bytes))))
  return yield* Effect.interruptible(Fiber.join(yield* Effect.forkIn(work, scope)))
})

const recorded = Effect.fnUntraced(function* (pipeline: Pipeline, request: Request) {
  const { faults, now, step } = pipeline.state
  const at = yield* now
  const token = bearerToken(request.headers["authorization"])
  const subject = yield* step((model, now) =>
    Result.succeed(
      Result.match(authenticate(model, token, "portal", now), {
        onFailure: () => null,
        onSuccess: (subject) =>
          nameOf(Result.getOrElse(actingFor(model, subject, request.headers["polar-organization"]), () => subject))
      })
    )
  )
  const record = (status: number) => {
    pipeline.state.record({ method: request.method, path: request.url, status, at, subject })
  }
  const proceed = (request: Request) =>
    versioned(pipeline, request).pipe(
      Effect.tap(({ status }) => Effect.sync(() => record(status))),
      Effect.provideService(HttpServerRequest.HttpServerRequest, request)
    )
  const fault = faults.next(request.method, request.url, isPreflight(request))
  if (fault === undefined) return yield* proceed(request)
  if ("delay" in fault) {
    const answer = yield* Effect.result(delayed(pipeline, request, Effect.sleep(fault.delay), proceed))
    if (Result.isSuccess(answer)) return answer.success
    record(answer.failure.status)
    return answer.failure
  }
  if ("drop" in fault) {
    if (fault.drop === "after") yield* versioned(pipeline, request)
    record(0)
    return yield* new ConnectionCut()
  }
  // A browser may read a refusal, but not a failure, which Polar answers outside its CORS middleware
  const answer = pipeline.guard.refuseHost(request) ?? answerOf(fault, fault.status < 500 ? corsHeaders(request) : {})
  record(answer.status)
  return answer
})

/** A time as the `Date` header of an answer. */
const formatDate = (time: DateTime.Utc): string => DateTime.toDateUtc(time).toUTCString()

/** Answers the request in the context, or cuts its connection. */
export type Handle = Effect.Effect<Response, ConnectionCut, Env>

const routerConfig = { caseSensitive: true, ignoreDuplicateSlashes: false, maxParamLength: 10_000 }

/** The whole emulator as one effect of the request. */
export const make = Effect.fnUntraced(function* (guard: BrowserGuard) {
  const router = yield* HttpRouter.toHttpEffect(
    Layer.mergeAll(Handlers.layer, ControlApi.layer).pipe(Layer.provide(HttpServer.layerServices))
  ).pipe(Effect.provideService(HttpRouter.RouterConfig, routerConfig))
  const state = yield* EmulatorState
  const routerOr = (otherwise: Response) =>
    router.pipe(
      Effect.provideService(EmulatorState, state),
      Effect.catchReason("HttpServerError", "RouteNotFound", () => Effect.succeed(otherwise)),
      Effect.catchCause(() => Effect.succeed(serverError))
    )
  const control = Effect.map(routerOr(ControlApi.notFound), HttpServerResponse.setHeaders(ControlApi.headers))
  const pipeline = { state, guard, scope: yield* Scope.Scope, handlers: routerOr(notFound) }
  const answer = (request: Request): Handle => {
    const isControl = ControlApi.owns(request.url)
    const refused =
      guard.refuseWorker(request) ??
      (isControl ? (guard.refuseHost(request) ?? guard.refuseOrigin(request)) : undefined)
    return refused === undefined ? (isControl ? control : recorded(pipeline, request)) : Effect.succeed(refused)
  }
  // Polar's server dates every answer, also its own failures. A fault may give another date
  const dated = (response: Response) =>
    response.headers["date"] === undefined
      ? Effect.map(state.now, (now) => HttpServerResponse.setHeader(response, "date", formatDate(now)))
      : Effect.succeed(response)
  return Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => Effect.flatMap(answer(request), dated))
})
