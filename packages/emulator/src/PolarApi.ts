import { SeatId } from "@polar-seats/domain/Seat"
import { Timestamp } from "@polar-seats/domain/Timestamp"
import { Uuid, UuidV4 } from "@polar-seats/domain/Uuid"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { type PolarRefusal, statuses } from "@polar-seats/http/PolarRefusal"
import { SeatJson, SeatsListJson } from "@polar-seats/http/SeatJson"

// Every refusal of Polar has this shape. `error` is its name, and `detail` is for people
const refusal = <const Name extends PolarRefusal>(name: Name) =>
  Schema.Struct({ error: Schema.tag(name), detail: Schema.String }).pipe(HttpApiSchema.status(statuses[name]))

/** A list was asked for of neither a subscription nor an order. */
export const BadRequest = refusal("BadRequest")
/** The seat was claimed or revoked. */
export const SeatNotPending = refusal("SeatNotPending")
/** No seat is left, the order is not paid, or it has no product. */
export const SeatNotAvailable = refusal("SeatNotAvailable")
/** The recipient has a seat of this subscription or order already. */
export const SeatAlreadyAssigned = refusal("SeatAlreadyAssigned")
/** There is no such customer, where the organization uses members. */
export const InvalidSeatAssignmentRequest = refusal("InvalidSeatAssignmentRequest")
/** The member and the address are not the same person's. */
export const MemberEmailMismatch = refusal("MemberEmailMismatch")
/** On a claim, the token opens nothing. On a resend, there is none, or nobody to mail. */
export const InvalidInvitationToken = refusal("InvalidInvitationToken")
/** No token was sent, or one of another kind. */
export const Unauthorized = refusal("Unauthorized")
/** The member's role does not allow it. */
export const NotPermitted = refusal("NotPermitted")
/** There is no such thing for who asks. */
export const ResourceNotFound = refusal("ResourceNotFound")
/** There is no such customer. */
export const CustomerNotFound = refusal("CustomerNotFound")
/** There is no such member of this customer. */
export const MemberNotFound = refusal("MemberNotFound")

/** The external id means customers of several organizations. */
export const AmbiguousExternalCustomerID = refusal("AmbiguousExternalCustomerID")

/** A scope that the token lacks. The one refusal of a good token that is written as OAuth has it. */
export const InsufficientScope = Schema.Struct({
  error: Schema.tag("insufficient_scope" satisfies PolarRefusal),
  error_description: Schema.String
}).pipe(HttpApiSchema.status(statuses.insufficient_scope))

/** One issue of a 422, as Pydantic writes it. */
export const ValidationIssue = Schema.Struct({
  type: Schema.String,
  loc: Schema.Array(Schema.Union([Schema.String, Schema.Int])),
  msg: Schema.String,
  input: Schema.optionalKey(Schema.Unknown),
  ctx: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
}).pipe(Schema.annotateEncoded({ identifier: "ValidationError" }))
export type ValidationIssue = typeof ValidationIssue.Type

/** The request does not fit the contract. A parser finds a `RequestValidationError`, a service a `PolarRequestValidationError`. */
export const RequestValidationError = Schema.Struct({
  error: Schema.Literals([
    "RequestValidationError",
    "PolarRequestValidationError"
  ] satisfies ReadonlyArray<PolarRefusal>),
  detail: Schema.Array(ValidationIssue)
}).pipe(
  Schema.annotateEncoded({ identifier: "HTTPValidationError" }),
  HttpApiSchema.status(statuses.RequestValidationError)
)

/** Requires a customer or member session. A member also needs a role for the endpoints that change something. */
export class PortalSession extends HttpApiMiddleware.Service<PortalSession>()("@polar-seats/emulator/PortalSession", {
  security: { customer_session: HttpApiSecurity.bearer, member_session: HttpApiSecurity.bearer },
  error: [Unauthorized, NotPermitted]
}) {}

/** Requires the token of an organization, or of a user of it, with the scope of the endpoint. */
export class OrganizationToken extends HttpApiMiddleware.Service<OrganizationToken>()(
  "@polar-seats/emulator/OrganizationToken",
  {
    security: { oidc: HttpApiSecurity.bearer, pat: HttpApiSecurity.bearer, oat: HttpApiSecurity.bearer },
    error: [Unauthorized, InsufficientScope]
  }
) {}

/** Turns a request that does not decode into Polar's 422. It runs after the check of the token, as in Polar. */
export class Validation extends HttpApiMiddleware.Service<Validation>()("@polar-seats/emulator/Validation", {
  error: RequestValidationError
}) {}

/** Reads a JSON body, and refuses any other. It runs before the check of the token, as in Polar. */
export class JsonBody extends HttpApiMiddleware.Service<JsonBody>()("@polar-seats/emulator/JsonBody", {
  error: RequestValidationError
}) {}

const optionalNull = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const assignment = {
  subscription_id: optionalNull(Uuid),
  order_id: optionalNull(Uuid),
  email: optionalNull(Schema.String),
  external_customer_id: optionalNull(Schema.String),
  customer_id: optionalNull(Uuid),
  external_member_id: optionalNull(Schema.String),
  member_id: optionalNull(Uuid),
  metadata: optionalNull(Schema.Record(Schema.String, Schema.Json)),
  immediate_claim: Schema.optionalKey(Schema.Boolean)
}
const SeatAssign = Schema.Struct(assignment).annotate({ identifier: "SeatAssign" })
const CustomerSeatAssign = Schema.Struct({ ...assignment, checkout_id: optionalNull(Uuid) }).annotate({
  identifier: "CustomerSeatAssign"
})
/** A whole number in a query, as Pydantic reads it. It may have underscores between digits and a fraction of zeros, but no exponent. */
export const WholeNumber = Schema.String.check(Schema.isPattern(/^\s*[+-]?\d+(?:_\d+)*(?:\.0*)?\s*$/))
const PositiveInt = WholeNumber.pipe(
  Schema.decodeTo(
    Schema.Number.check(Schema.isGreaterThan(0)),
    SchemaTransformation.transform<number, string>({
      decode: (digits) => Number(digits.replaceAll("_", "")),
      encode: String
    })
  )
)

/** A page of Polar's `CustomerSubscription`. The contract leaves its fields open, because the model has only some of them. */
export const CustomerSubscriptionPage = Schema.Struct({
  items: Schema.Array(Schema.Record(Schema.String, Schema.Json)),
  pagination: Schema.Struct({ total_count: Schema.Int, max_page: Schema.Int }).annotate({ identifier: "Pagination" })
}).annotate({ identifier: "ListResource_CustomerSubscription_" })

const assignErrors = [
  SeatNotAvailable, // 400: none is left, the order is not paid, or there is no product
  SeatAlreadyAssigned, // 400: the recipient already has one of these seats
  InvalidSeatAssignmentRequest, // 400: no such customer, and the organization uses members
  MemberEmailMismatch, // 400: the member and the address belong to different persons
  ResourceNotFound, // 404: no such subscription, order or checkout
  CustomerNotFound, // 404: no such customer
  MemberNotFound // 404: no such member of this customer
] as const
const list = HttpApiEndpoint.get("list", "/", {
  query: { subscription_id: Schema.optionalKey(UuidV4), order_id: Schema.optionalKey(UuidV4) },
  success: SeatsListJson,
  error: [
    BadRequest, // 400: the query names neither a subscription nor an order
    ResourceNotFound // 404: no such subscription or order for this customer
  ]
})
const revoke = HttpApiEndpoint.delete("revoke", "/:seat_id", {
  params: { seat_id: SeatId },
  success: SeatJson,
  error: [
    ResourceNotFound // 404: no such seat for this customer
  ]
})
const resend = HttpApiEndpoint.post("resend", "/:seat_id/resend", {
  params: { seat_id: SeatId },
  success: SeatJson,
  error: [
    SeatNotPending, // 400: the seat is claimed or revoked
    InvalidInvitationToken, // 400: the seat has no token, or there is nobody to mail
    ResourceNotFound // 404: no such seat for this customer
  ]
})

/** The seats in the customer portal, for buyers and seat holders. */
export class PortalSeatsGroup extends HttpApiGroup.make("portalSeats")
  .add(
    list,
    HttpApiEndpoint.post("assign", "/", { payload: CustomerSeatAssign, success: SeatJson, error: assignErrors }),
    HttpApiEndpoint.get("claimedSubscriptions", "/subscriptions", {
      query: { page: Schema.optionalKey(PositiveInt), limit: Schema.optionalKey(PositiveInt) },
      success: CustomerSubscriptionPage
    }),
    revoke,
    resend
  )
  .prefix("/v1/customer-portal/seats")
  .middleware(Validation)
  .middleware(PortalSession) {}

/** The same seats for the organization that sells them. */
export class OrganizationSeatsGroup extends HttpApiGroup.make("organizationSeats")
  .add(
    HttpApiEndpoint.post("assign", "/", { payload: SeatAssign, success: SeatJson, error: assignErrors }),
    list,
    revoke,
    resend
  )
  .prefix("/v1/customer-seats")
  .middleware(Validation)
  .middleware(OrganizationToken) {}

/** The product and organization of an invitation. */
export const SeatClaimInfo = Schema.Struct({
  product_name: Schema.String,
  product_id: Uuid,
  organization_name: Schema.String,
  organization_slug: Schema.String,
  customer_email: Schema.String,
  can_claim: Schema.Boolean
}).annotate({ identifier: "SeatClaimInfo" })

const SeatClaim = Schema.Struct({ invitation_token: Schema.String }).annotate({ identifier: "SeatClaim" })
const CustomerSeatClaimResponse = Schema.Struct({ seat: SeatJson, customer_session_token: Schema.String }).annotate({
  identifier: "CustomerSeatClaimResponse"
})

/** The endpoints behind the link of an invitation. Anybody who has its token may use them. */
export class SeatClaimsGroup extends HttpApiGroup.make("seatClaims")
  .add(
    HttpApiEndpoint.get("info", "/:invitation_token", {
      params: { invitation_token: Schema.String },
      success: SeatClaimInfo,
      error: [
        ResourceNotFound // 404: unknown, expired, used or revoked
      ]
    }),
    HttpApiEndpoint.post("claim", "/", {
      payload: SeatClaim,
      success: CustomerSeatClaimResponse,
      error: [
        InvalidInvitationToken // 400: unknown, expired, used or revoked
      ]
    })
  )
  .prefix("/v1/customer-seats/claim")
  .middleware(Validation) {}

const sessionMember = {
  member_id: optionalNull(UuidV4),
  external_member_id: optionalNull(Schema.String),
  return_url: optionalNull(Schema.String)
}
const CustomerSessionCreate = Schema.Union([
  Schema.Struct({ ...sessionMember, customer_id: UuidV4 }).annotate({ identifier: "CustomerSessionCustomerIDCreate" }),
  Schema.Struct({ ...sessionMember, external_customer_id: Schema.String }).annotate({
    identifier: "CustomerSessionCustomerExternalIDCreate"
  })
])

/** A customer session. The contract leaves the fields of `customer` open, because the model has only some of them. */
export const CustomerSession = Schema.Struct({
  created_at: Timestamp,
  modified_at: Schema.NullOr(Timestamp),
  id: UuidV4,
  token: Schema.String,
  expires_at: Timestamp,
  return_url: Schema.NullOr(Schema.String),
  customer_portal_url: Schema.String,
  customer_id: Uuid,
  customer: Schema.Record(Schema.String, Schema.Json)
}).pipe(Schema.annotateEncoded({ identifier: "CustomerSession" }))

/** The sessions of the customer portal. */
export class CustomerSessionsGroup extends HttpApiGroup.make("customerSessions")
  .add(
    HttpApiEndpoint.post("create", "/v1/customer-sessions/", {
      payload: CustomerSessionCreate,
      success: CustomerSession.pipe(HttpApiSchema.status(201)),
      error: AmbiguousExternalCustomerID // 409: the external id means customers of several organizations
    })
  )
  .middleware(Validation)
  .middleware(OrganizationToken) {}

/** The part of Polar's API that concerns seats. The emulator serves it, and its OpenAPI document matches Polar's. */
export class PolarApi extends HttpApi.make("polar")
  .add(PortalSeatsGroup)
  .add(OrganizationSeatsGroup)
  .add(SeatClaimsGroup)
  .add(CustomerSessionsGroup)
  .middleware(JsonBody) {}
