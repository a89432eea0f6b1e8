import { CustomerId, MemberId } from "@polar-seats/domain/Seat"
import type * as SeatError from "@polar-seats/domain/SeatError"
import { Timestamp } from "@polar-seats/domain/Timestamp"
import { Uuid } from "@polar-seats/domain/Uuid"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as PolarClient from "./internal/polarClient.ts"
import * as PolarConnection from "./PolarConnection.ts"

/** Whose session it is to be: a customer of the organization, by Polar's id or by your own. */
export type CustomerReference =
  | { readonly id: CustomerId; readonly externalId?: undefined }
  | { readonly id?: undefined; readonly externalId: string }

/** Which member of the customer is meant, by Polar's id or by your own. */
export type MemberReference =
  | { readonly id: MemberId; readonly externalId?: undefined }
  | { readonly id?: undefined; readonly externalId: string }

/** What a session is created with. */
export interface SessionRequest {
  readonly customer: CustomerReference
  /** Default: the owner, where the organization uses members. */
  readonly member?: MemberReference | undefined
  /** Where the back button of the portal leads. Without it there is none. */
  readonly returnUrl?: string | undefined
}

/** A session on the customer portal, for an hour. What of it opens the portal is redacted. */
export class CustomerSession extends Schema.Class<CustomerSession>("CustomerSession")({
  createdAt: Timestamp,
  id: Uuid,
  /** What `PortalSeats.layer` takes: a `polar_mst_…` where the organization uses members, else a `polar_cst_…`. */
  token: PolarConnection.Token,
  expiresAt: Timestamp,
  /** Where to send the customer's browser. Contains the token. */
  customerPortalUrl: Schema.RedactedFromValue(Schema.String),
  customerId: CustomerId
}) {}

/** Polar's `CustomerSession`, as far as a `CustomerSession` goes. It encodes the secrets in the clear, as the wire has them. */
export const CustomerSessionJson = CustomerSession.pipe(
  Schema.encodeKeys({
    createdAt: "created_at",
    expiresAt: "expires_at",
    customerPortalUrl: "customer_portal_url",
    customerId: "customer_id"
  })
)
const decodeSession = /* @__PURE__ */ Schema.decodeResult(/* @__PURE__ */ Schema.fromJsonString(CustomerSessionJson))

/** What `CustomerSessions.create` fails with. */
export type CreateError = SeatError.RequestError | SeatError.Unauthorized | SeatError.Forbidden

/** Lets an organization open the customer portal for its customers. */
export class CustomerSessions extends Context.Service<
  CustomerSessions,
  {
    /**
     * Creates a session for a customer, or for one member of a customer. Earlier sessions stay good. A customer or a
     * member that Polar does not know is `InvalidRequest`.
     *
     * Polar: `POST /v1/customer-sessions/`.
     */
    readonly create: (request: SessionRequest) => Effect.Effect<CustomerSession, CreateError>
  }
>()("@polar-seats/http/CustomerSessions") {}

/** Options of the layers. */
export interface Options extends PolarClient.Options {
  /** The token of an organization (`polar_oat_…`) with the scope `customer_sessions:write`. */
  readonly token: Redacted.Redacted<string>
  /** Which organization is meant, where the token is good for several: sent as `Polar-Organization`. */
  readonly organization?: string | undefined
}

const requestJson = ({ customer, member, returnUrl }: SessionRequest) => ({
  ...(customer.id === undefined ? { external_customer_id: customer.externalId } : { customer_id: customer.id }),
  ...(member?.id === undefined ? {} : { member_id: member.id }),
  ...(member?.externalId === undefined ? {} : { external_member_id: member.externalId }),
  ...(returnUrl === undefined ? {} : { return_url: returnUrl })
})

const unauthorized = /* @__PURE__ */ PolarClient.unauthorized("OrganizationToken")

/** The service itself, for who builds another on it. */
export const make = /* @__PURE__ */ Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<CustomerSessions["Service"], PolarConnection.InvalidOption, HttpClient.HttpClient> {
  const headers = yield* PolarConnection.organizationHeaders(options.organization)
  const polar = yield* PolarClient.make(options, headers)
  const token = yield* PolarConnection.checkToken(options.token)

  return CustomerSessions.of({
    create: (request) =>
      polar.call({
        operation: "CustomerSessions.create",
        // Without the slash at the end Polar redirects, and a redirected POST is a GET
        method: "POST",
        path: "/v1/customer-sessions/",
        body: requestJson(request),
        token,
        success: 201,
        decode: decodeSession,
        refusals: (refusal) => PolarClient.forbidden(refusal) ?? unauthorized(refusal)
      })
  })
})

/** `CustomerSessions` with the token of an organization. */
export const layer = (
  options: Options
): Layer.Layer<CustomerSessions, PolarConnection.InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(CustomerSessions, make(options))

/** Like `layer`, with options that come from the configuration. */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<CustomerSessions, PolarConnection.InvalidOption | Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(CustomerSessions, Effect.flatMap(Config.unwrap(options), make))
