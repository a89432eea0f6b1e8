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
import * as Schema from "effect/Schema"
import { entriesOf, holdsExactly } from "@polar-seats/domain/ExactJson"
import { type Forbidden, type InvalidRequest, Operation } from "@polar-seats/domain/SeatError"
import { parseExact } from "@polar-seats/http/SeatJson"
import { JsonBody, OrganizationToken, PortalSession, Validation, type ValidationIssue } from "../../PolarApi.ts"
import * as Bounds from "../bounds.ts"
import { type ApiSurface, authorize, scopeFor, Subject } from "../model/access.ts"
import { roundAsPython } from "../model/metadata.ts"
import { EmulatorState } from "../state.ts"
import * as Pydantic from "../validation/pydantic.ts"
import * as PythonJson from "../validation/pythonJson.ts"

/** The holder of the request's token. */
export const CurrentSubject = Context.Reference<Subject>("@polar-seats/emulator/CurrentSubject", {
  defaultValue: () => Subject.Anonymous()
})

/** The JSON body of the request: a string if it has another content type, undefined if there is no body. */
export const CurrentBody = Context.Reference<unknown>("@polar-seats/emulator/CurrentBody", {
  defaultValue: () => undefined
})

/** Polar's 422. */
export const invalidRequest = (detail: ReadonlyArray<ValidationIssue>) =>
  Effect.fail({ error: "RequestValidationError" as const, detail })

const unauthorized = HttpServerResponse.jsonUnsafe(
  { error: "Unauthorized", detail: "Unauthorized" },
  { status: 401, headers: { "www-authenticate": 'Bearer realm="polar"' } }
)
const notPermitted = {
  error: "NotPermitted" as const,
  detail: "Only owners and billing managers can access billing features."
}
/** A refusal as OAuth has it. It is written by hand, because Polar puts spaces into this JSON, unlike into most of its answers. */
const oauthRefusal = (status: number, error: string, description: string, scope = "") =>
  HttpServerResponse.text(`{"error": "${error}", "error_description": "${description}"}`, {
    status,
    contentType: "application/json",
    headers: {
      "www-authenticate": `Bearer realm="polar", ${scope}error="${error}", error_description="${description}"`
    }
  })
const insufficientScope = (scope: string) =>
  oauthRefusal(
    403,
    "insufficient_scope",
    "The request requires higher privileges than provided by the access token.",
    `scope="${scope}", `
  )

/** The answer to a token that is expired, revoked or unknown. */
export const invalidToken = HttpServerResponse.setHeaders(
  oauthRefusal(
    401,
    "invalid_token",
    "The access token provided is expired, revoked, malformed, or invalid for other reasons."
  ),
  { "cache-control": "no-store", pragma: "no-cache" }
)

/** The answer to a request that names no organization of its token in `Polar-Organization`. */
export const organizationRefusal = (error: Forbidden | InvalidRequest) =>
  error._tag === "Forbidden"
    ? HttpServerResponse.jsonUnsafe(
        {
          error: "RequestedOrganizationNotAccessible",
          detail: "The organization in the Polar-Organization header is not accessible with this credential."
        },
        { status: 403 }
      )
    : HttpServerResponse.jsonUnsafe(
        { error: "InvalidRequestedOrganization", detail: error.issues[0]?.message ?? "" },
        { status: 400 }
      )

const isOperation = Schema.is(Operation)

// Runs the rest of a request only if its token may use the endpoint
const authorizing = <E>(
  surface: ApiSurface,
  forbidden: (operation: Operation) => Effect.Effect<HttpServerResponse.HttpServerResponse, E>
) =>
  Effect.map(EmulatorState, ({ step }) =>
    Effect.fnUntraced(function* <E2, R>(
      httpEffect: Effect.Effect<HttpServerResponse.HttpServerResponse, E2, R>,
      { endpoint: { identifier } }: { readonly endpoint: HttpApiEndpoint.Top }
    ) {
      const operation = identifier === "create" ? "CustomerSessions.create" : `Seats.${identifier}`
      if (!isOperation(operation)) return yield* Effect.die(`no operation for the endpoint ${identifier}`)
      const subject = yield* CurrentSubject
      const result = yield* Effect.result(step((model) => authorize(model, subject, surface, operation)))
      if (Result.isSuccess(result)) return yield* httpEffect
      return result.failure._tag === "Unauthorized" ? unauthorized : yield* forbidden(operation)
    })
  )

const PortalSessionLayer = Layer.effect(
  PortalSession,
  Effect.map(
    authorizing("portal", () => Effect.fail(notPermitted)),
    (check) => PortalSession.of({ customer_session: check, member_session: check })
  )
)

const OrganizationTokenLayer = Layer.effect(
  OrganizationToken,
  Effect.map(
    authorizing("organization", (operation) => Effect.succeed(insufficientScope(scopeFor(operation)))),
    (check) => OrganizationToken.of({ oidc: check, pat: check, oat: check })
  )
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
    const [values, where] = error.kind === "Params" ? [params, "path"] : [query, "query"]
    return yield* invalidRequest(
      checks.flatMap(([name, check]) => {
        const value = values[name]
        return Predicate.isString(value) ? check(value, [where, name]) : []
      })
    )
  })
)

// Python keeps an integer of any length. Here such a number is a raw one, which `JSON.stringify` writes as it came
const withExactMetadata = (body: unknown, text: string): unknown => {
  if (holdsExactly(text) || !Predicate.hasProperty(body, "metadata")) return body
  const metadata = new Map(entriesOf(text)).get("metadata") ?? "null"
  return { ...body, metadata: parseExact(roundAsPython(metadata)) }
}

const JsonBodyLayer = Layer.effect(
  JsonBody,
  Effect.map(EmulatorState, ({ bodies }) =>
    Effect.fnUntraced(function* (httpEffect, { endpoint }) {
      if (endpoint.payload.size === 0) return yield* httpEffect
      const request = yield* HttpServerRequest.HttpServerRequest
      const read = yield* Effect.result(bodies.readText(request, Bounds.polarBody))
      if (Result.isFailure(read)) return read.failure
      const text = read.success
      const isJson = /^application\/([^;]+\+)?json\s*(;|$)/i.test(request.headers["content-type"] ?? "")
      if (text === "") return yield* httpEffect
      if (!isJson) return yield* Effect.provideService(httpEffect, CurrentBody, text)
      const body = PythonJson.parse(text)
      if (Result.isSuccess(body)) {
        return yield* Effect.provideService(httpEffect, CurrentBody, withExactMetadata(body.success, text))
      }
      const { error, position } = body.failure
      return yield* invalidRequest([
        { type: "json_invalid", loc: ["body", position], msg: "JSON decode error", input: {}, ctx: { error } }
      ])
    })
  )
)

/** The middlewares between a route and its handler. */
export const layer = Layer.mergeAll(PortalSessionLayer, OrganizationTokenLayer, ValidationLayer, JsonBodyLayer)
