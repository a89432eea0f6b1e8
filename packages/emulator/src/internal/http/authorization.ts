import type { Operation } from "@polar-seats/domain/SeatError"
import { scopeFor, Subject, type Surface } from "../../SeatModel.ts"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { JsonBody, OrganizationToken, PortalSession, Validation, type ValidationIssue } from "../../PolarApi.ts"
import * as Pydantic from "./pydantic.ts"
import * as PythonJson from "./pythonJson.ts"
import { EmulatorState } from "../state.ts"

/** Who the token of this request belongs to. */
export const CurrentSubject = Context.Reference<Subject>("@polar-seats/http/CurrentSubject", {
  defaultValue: () => Subject.Anonymous()
})

/** The JSON body of this request; a string where it came as something else, and nothing where there was none. */
export const CurrentBody = Context.Reference<unknown>("@polar-seats/http/CurrentBody", {
  defaultValue: () => undefined
})

/** Polar's 422. */
export const invalidRequest = (detail: ReadonlyArray<ValidationIssue>) =>
  Effect.fail({ error: "RequestValidationError" as const, detail })

const operations: Record<string, Operation> = {
  list: "Seats.list",
  resend: "Seats.resend",
  assign: "Seats.assign",
  revoke: "Seats.revoke",
  claimedSubscriptions: "Seats.claimedSubscriptions",
  create: "CustomerSessions.create"
}

const unauthorized = HttpServerResponse.jsonUnsafe(
  { error: "Unauthorized", detail: "Unauthorized" },
  { status: 401, headers: { "www-authenticate": 'Bearer realm="polar"' } }
)
const notPermitted = {
  error: "NotPermitted" as const,
  detail: "Only owners and billing managers can access billing features."
}
const lacksScope = "The request requires higher privileges than provided by the access token."
// Written by hand, because this is one of the few answers that Polar does not write compactly
const insufficientScope = (scope: string) =>
  HttpServerResponse.text(`{"error": "insufficient_scope", "error_description": "${lacksScope}"}`, {
    status: 403,
    contentType: "application/json",
    headers: {
      "www-authenticate": `Bearer realm="polar", scope="${scope}", error="insufficient_scope", error_description="${lacksScope}"`
    }
  })

const authorized = Effect.fnUntraced(function* (surface: Surface, { identifier }: HttpApiEndpoint.Top) {
  const operation = operations[identifier]
  if (operation === undefined) return yield* Effect.die(`no operation for the endpoint ${identifier}`)
  const subject = yield* CurrentSubject
  const { step } = yield* EmulatorState
  const result = yield* Effect.result(step((model) => model.authorize(subject, surface, operation)))
  return { operation, refusal: Result.isFailure(result) ? result.failure._tag : undefined }
})

const PortalSessionLayer = Layer.effect(
  PortalSession,
  Effect.gen(function* () {
    const state = yield* EmulatorState
    const check: PortalSession["Service"]["customer_session"] = Effect.fnUntraced(function* (httpEffect, { endpoint }) {
      const { refusal } = yield* Effect.provideService(authorized("portal", endpoint), EmulatorState, state)
      if (refusal === undefined) return yield* httpEffect
      return refusal === "Unauthorized" ? unauthorized : yield* Effect.fail(notPermitted)
    })
    return PortalSession.of({ customer_session: check, member_session: check })
  })
)

const OrganizationTokenLayer = Layer.effect(
  OrganizationToken,
  Effect.gen(function* () {
    const state = yield* EmulatorState
    const check: OrganizationToken["Service"]["oat"] = Effect.fnUntraced(function* (httpEffect, { endpoint }) {
      const { operation, refusal } = yield* Effect.provideService(
        authorized("organization", endpoint),
        EmulatorState,
        state
      )
      if (refusal === undefined) return yield* httpEffect
      return refusal === "Unauthorized" ? unauthorized : insufficientScope(scopeFor(operation))
    })
    return OrganizationToken.of({ oidc: check, pat: check, oat: check })
  })
)

const checks: ReadonlyArray<readonly [string, typeof Pydantic.positiveInt]> = [
  ["seat_id", Pydantic.uuid("v4")],
  ["subscription_id", Pydantic.uuid("v4")],
  ["order_id", Pydantic.uuid("v4")],
  ["page", Pydantic.positiveInt],
  ["limit", Pydantic.positiveInt]
]

const ValidationLayer = HttpApiMiddleware.layerSchemaErrorTransform(
  Validation,
  Effect.fnUntraced(function* (error) {
    const { params } = yield* HttpRouter.RouteContext
    const query = yield* HttpServerRequest.ParsedSearchParams
    const values = error.kind === "Params" ? params : query
    const where = error.kind === "Params" ? "path" : "query"
    return yield* invalidRequest(
      checks.flatMap(([name, check]) => {
        const value = values[name]
        return Predicate.isString(value) ? check(value, [where, name]) : []
      })
    )
  })
)

const JsonBodyLayer = Layer.succeed(
  JsonBody,
  Effect.fnUntraced(function* (httpEffect, { endpoint }) {
    if (endpoint.payload.size === 0) return yield* httpEffect
    const request = yield* HttpServerRequest.HttpServerRequest
    const text = yield* Effect.orDie(request.text)
    const isJson = /^application\/([^;]+\+)?json\s*(;|$)/i.test(request.headers["content-type"] ?? "")
    if (text === "") return yield* httpEffect
    if (!isJson) return yield* Effect.provideService(httpEffect, CurrentBody, text)
    const body = PythonJson.parse(text)
    if (Result.isSuccess(body)) return yield* Effect.provideService(httpEffect, CurrentBody, body.success)
    const { error, position } = body.failure
    return yield* invalidRequest([
      { type: "json_invalid", loc: ["body", position], msg: "JSON decode error", input: {}, ctx: { error } }
    ])
  })
)

/** Everything that stands between a route and its handler. */
export const layer = Layer.mergeAll(PortalSessionLayer, OrganizationTokenLayer, ValidationLayer, JsonBodyLayer)
