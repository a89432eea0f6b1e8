import { SeatId } from "@polar-seats/domain/Seat"
import { UuidV4 } from "@polar-seats/domain/Uuid"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as Schema from "effect/Schema"
import { SeatJson, SeatsListJson } from "./SeatJson.ts"

// Every refusal of Polar's own making has this shape. `error` is what tells them apart, `detail` is for people
const refusal = <const Name extends string>(status: number, name: Name) =>
  Schema.Struct({ error: Schema.tag(name), detail: Schema.String }).pipe(HttpApiSchema.status(status))

export const BadRequest = refusal(400, "BadRequest")
export const SeatNotPending = refusal(400, "SeatNotPending")
export const InvalidInvitationToken = refusal(400, "InvalidInvitationToken")
export const Unauthorized = refusal(401, "Unauthorized")
export const NotPermitted = refusal(403, "NotPermitted")
export const FeatureNotEnabled = refusal(403, "FeatureNotEnabled")
export const ResourceNotFound = refusal(404, "ResourceNotFound")

/** One entry of a 422, as Pydantic writes it. */
export const ValidationIssue = Schema.Struct({
  type: Schema.String,
  loc: Schema.Array(Schema.Union([Schema.String, Schema.Int])),
  msg: Schema.String,
  input: Schema.Unknown,
  ctx: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json))
})
export type ValidationIssue = typeof ValidationIssue.Type

export const RequestValidationError = Schema.Struct({
  error: Schema.tag("RequestValidationError"),
  detail: Schema.Array(ValidationIssue)
}).pipe(HttpApiSchema.status(422))

/** The session of a customer or of a member, and for what changes something a member's role. */
export class PortalSession extends HttpApiMiddleware.Service<PortalSession>()("@polar-seats/http/PortalSession", {
  security: { customer_session: HttpApiSecurity.bearer },
  error: [Unauthorized, NotPermitted]
}) {}

/** Turns a parameter that does not decode into Polar's 422. Stands within the session: Polar looks at that first. */
export class Validation extends HttpApiMiddleware.Service<Validation>()("@polar-seats/http/Validation", {
  error: RequestValidationError
}) {}

export class PortalSeatsGroup extends HttpApiGroup.make("portalSeats")
  .add(
    HttpApiEndpoint.get("list", "/", {
      query: { subscription_id: Schema.optionalKey(UuidV4), order_id: Schema.optionalKey(UuidV4) },
      success: SeatsListJson,
      error: [
        BadRequest, // 400: neither a subscription nor an order was named
        FeatureNotEnabled, // 403: the organization does not sell seats
        ResourceNotFound // 404: no such subscription or order for this customer
      ]
    }),
    HttpApiEndpoint.post("resend", "/:seat_id/resend", {
      params: { seat_id: SeatId },
      success: SeatJson,
      error: [
        SeatNotPending, // 400: claimed or revoked
        InvalidInvitationToken, // 400: no token, or nobody to mail
        FeatureNotEnabled, // 403: the organization does not sell seats
        ResourceNotFound // 404: no such seat for this customer
      ]
    })
  )
  .prefix("/v1/customer-portal/seats")
  .middleware(Validation)
  .middleware(PortalSession) {}

/** The part of Polar's API that concerns seats. The emulator serves it, and its OpenAPI document is Polar's. */
export class PolarApi extends HttpApi.make("polar").add(PortalSeatsGroup) {}
