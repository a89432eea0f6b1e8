import { CustomerId, MemberId } from "@polar-seats/domain/Seat"
import * as SeatError from "@polar-seats/domain/SeatError"
import { Timestamp } from "@polar-seats/domain/Timestamp"
import { Uuid } from "@polar-seats/domain/Uuid"
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { tokenError } from "./internal/errorBody.ts"
import { checkToken, fromConfig } from "./internal/options.ts"
import * as PolarClient from "./internal/polarClient.ts"
import { type InvalidOption, Token } from "./PolarConnection.ts"

type Reference<Id> =
  | { readonly id: Id; readonly externalId?: undefined }
  | { readonly id?: undefined; readonly externalId: string }

/** A customer of the organization, by Polar's id or by your own. */
export type CustomerReference = Reference<CustomerId>
/** A member of the customer, by Polar's id or by your own. */
export type MemberReference = Reference<MemberId>

/** The customer of a new session, and its options. */
export interface SessionRequest {
  readonly customer: CustomerReference
  /** Default: the owner, if the organization uses members. */
  readonly member?: MemberReference | undefined
  /** The target of the portal's back button. Default: no back button. */
  readonly returnUrl?: string | undefined
}

/** A session on the customer portal. It lasts one hour. Its secrets are redacted. */
export class CustomerSession extends Schema.Class<CustomerSession>("CustomerSession")({
  createdAt: Timestamp,
  id: Uuid,
  /** The token for `PortalSeats.layer`: a `polar_mst_…` if the organization uses members, otherwise a `polar_cst_…`. */
  token: Token,
  expiresAt: Timestamp,
  /** The address for the customer's browser. It contains the token. */
  customerPortalUrl: Schema.RedactedFromValue(Schema.String),
  customerId: CustomerId
}) {}

/** The fields of Polar's `CustomerSession` that ours has. It encodes the secrets unredacted, as Polar sends them. */
export const CustomerSessionJson = CustomerSession.pipe(
  Schema.encodeKeys({
    createdAt: "created_at",
    expiresAt: "expires_at",
    customerPortalUrl: "customer_portal_url",
    customerId: "customer_id"
  })
)
const decodeSession = /* @__PURE__ */ Schema.decodeResult(/* @__PURE__ */ Schema.fromJsonString(CustomerSessionJson))

/**
 * Several customers have this external id, because the token reaches several organizations. Polar answers
 * `AmbiguousExternalCustomerID`. `externalId` is the id of the request.
 */
export class AmbiguousCustomer
  extends /* @__PURE__ */ Schema.TaggedError<AmbiguousCustomer>()("AmbiguousCustomer", { externalId: Schema.String })
{
  override get message() {
    return `Several customers in the organizations that the token reaches have the external id ${this.externalId}, so no session was created. Name the organization with the option \`organization\`, which takes its id, or give Polar's id of the customer.`
  }
}

/** The errors of `CustomerSessions.create`. */
export const CreateError = /* @__PURE__ */ Schema.Union([
  SeatError.InvalidRequest,
  SeatError.RateLimited,
  SeatError.Unavailable,
  SeatError.Unauthorized,
  SeatError.Forbidden,
  AmbiguousCustomer
])
export type CreateError = typeof CreateError.Type

/** Lets an organization open the customer portal for its customers. */
export class CustomerSessions extends Context.Service<
  CustomerSessions,
  {
    /**
     * Creates a session for a customer, or for one member of a customer. Earlier sessions stay valid. Fails with
     * `InvalidRequest` if Polar does not know the customer or the member, and with `AmbiguousCustomer` if the external id
     * means several customers.
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
  /**
   * The id of the organization to act for, if the token is a user's and reaches several. Sent as `Polar-Organization`.
   * Default: all that the token reaches.
   */
  readonly organization?: string | undefined
}

// JSON leaves out a key whose value is undefined
const requestJson = ({ customer, member, returnUrl }: SessionRequest) => ({
  customer_id: customer.id,
  external_customer_id: customer.externalId,
  member_id: member?.id,
  external_member_id: member?.externalId,
  return_url: returnUrl
})

/** Makes the service, for a layer of your own. */
export const make = /* @__PURE__ */ Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<CustomerSessions["Service"], InvalidOption, HttpClient.HttpClient> {
  const connect = yield* PolarClient.make(options, options.organization)
  const polar = connect(yield* checkToken(options.token))

  return CustomerSessions.of({
    create: (request) =>
      polar.call({
        operation: "CustomerSessions.create",
        // Without the slash at the end Polar redirects, and a redirected POST becomes a GET
        method: "POST",
        path: "/v1/customer-sessions/",
        body: requestJson(request),
        success: 201,
        decode: decodeSession,
        problemOf: ({ customerId }) =>
          request.customer.id === undefined || request.customer.id === customerId
            ? undefined
            : "the answer is about another customer",
        errorFor: (refusal) =>
          refusal.name === "AmbiguousExternalCustomerID" && request.customer.externalId !== undefined
            ? new AmbiguousCustomer({ externalId: request.customer.externalId })
            : tokenError("Organization", refusal)
      })
  })
})

/** `CustomerSessions` with the token of an organization. */
export const layer = (options: Options): Layer.Layer<CustomerSessions, InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(CustomerSessions, make(options))

/** `layer` with options from the configuration. */
export const layerConfig: (
  options: Config.Wrap<Options>
) => Layer.Layer<CustomerSessions, Config.ConfigError | InvalidOption, HttpClient.HttpClient> =
  /* @__PURE__ */ fromConfig(layer)
