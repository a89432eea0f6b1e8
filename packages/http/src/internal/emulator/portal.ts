import { type Operation, type Unavailable } from "@polar-seats/domain/SeatError"
import { Subject } from "@polar-seats/domain/SeatModel"
import { OrderId, SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import { PolarApi, PortalSession, Validation } from "../../PolarApi.ts"
import { uuidIssue } from "./pydantic.ts"
import { EmulatorState } from "./state.ts"

/** Who the token of this request belongs to. */
export const CurrentSubject = Context.Reference<Subject>("@polar-seats/http/CurrentSubject", {
  defaultValue: () => Subject.Anonymous()
})

const operations: Record<string, Operation> = { list: "Seats.list", resend: "Seats.resend" }

const unauthorized = HttpServerResponse.jsonUnsafe(
  { error: "Unauthorized", detail: "Unauthorized" },
  {
    status: 401,
    headers: { "www-authenticate": 'Bearer realm="polar"' }
  }
)

const PortalSessionLayer = Layer.effect(
  PortalSession,
  Effect.gen(function* () {
    const { step } = yield* EmulatorState
    return PortalSession.of({
      customer_session: Effect.fnUntraced(function* (httpEffect, { endpoint }) {
        const operation = operations[endpoint.identifier]
        if (operation === undefined) return yield* Effect.die(`no operation for ${endpoint.identifier}`)
        const subject = yield* CurrentSubject
        const authorized = yield* Effect.result(step((model) => model.authorize(subject, operation)))
        if (authorized._tag === "Success") return yield* httpEffect
        return authorized.failure._tag === "Unauthorized"
          ? unauthorized
          : yield* Effect.fail({
              error: "NotPermitted" as const,
              detail: "Only owners and billing managers can access billing features."
            })
      })
    })
  })
)

const ValidationLayer = HttpApiMiddleware.layerSchemaErrorTransform(
  Validation,
  Effect.fnUntraced(function* (error) {
    const { params } = yield* HttpRouter.RouteContext
    const query = yield* HttpServerRequest.ParsedSearchParams
    const values = error.kind === "Params" ? params : query
    const where = error.kind === "Params" ? "path" : "query"
    const detail = ["seat_id", "subscription_id", "order_id"].flatMap((name) => {
      const value = values[name]
      const issue = Predicate.isString(value) ? uuidIssue(value, [where, name], "v4") : undefined
      return issue === undefined ? [] : [issue]
    })
    return yield* Effect.fail({ error: "RequestValidationError" as const, detail })
  })
)

const resourceNotFound = ({ resource }: { readonly resource: string }) =>
  Effect.fail({
    error: "ResourceNotFound" as const,
    detail: `${resource.charAt(0).toUpperCase()}${resource.slice(1)} not found`
  })
const featureNotEnabled = () =>
  Effect.fail({
    error: "FeatureNotEnabled" as const,
    detail: "Seat-based pricing is not enabled for this organization"
  })
// Where Polar itself trips, it answers 500: a defect here, which the emulator shows as that
const serverFailed = (error: Unavailable) => Effect.die(error)

const Handlers = HttpApiBuilder.group(
  PolarApi,
  "portalSeats",
  Effect.fnUntraced(function* (handlers) {
    const { step } = yield* EmulatorState
    return handlers.handleAll({
      list: ({ query }) => {
        if (query.subscription_id === undefined && query.order_id === undefined) {
          return Effect.fail({
            error: "BadRequest" as const,
            detail: "Either subscription_id or order_id must be provided"
          })
        }
        const source =
          query.subscription_id === undefined
            ? SeatSource.Order({ id: OrderId.make(query.order_id ?? "") })
            : SeatSource.Subscription({ id: SubscriptionId.make(query.subscription_id) })
        return Effect.flatMap(CurrentSubject, (subject) => step((model) => model.list(subject, source))).pipe(
          Effect.catchTags({ NotFound: resourceNotFound, Forbidden: featureNotEnabled })
        )
      },
      resend: ({ params }) =>
        Effect.flatMap(CurrentSubject, (subject) =>
          step((model, now) => model.resend(subject, params.seat_id, now))
        ).pipe(
          Effect.catchTags({
            AlreadyClaimed: () =>
              Effect.fail({ error: "SeatNotPending" as const, detail: "Seat is not in pending status" }),
            InvitationUnavailable: () =>
              Effect.fail({
                error: "InvalidInvitationToken" as const,
                detail: "Invalid or expired invitation token"
              }),
            NotFound: resourceNotFound,
            Forbidden: featureNotEnabled,
            Unavailable: serverFailed
          })
        )
    })
  })
)

/** The routes of the customer portal. */
export const layer = HttpApiBuilder.layer(PolarApi).pipe(
  Layer.provide(Handlers),
  Layer.provide([PortalSessionLayer, ValidationLayer])
)
