import type { models } from "@polar-sh/sdk/2027-01"
import {
  full,
  ofOldOrganization,
  order,
  seats,
  sharedExternalId,
  strangersSubscription,
  subscription,
  tokens,
  unknown,
  unpaid,
  withoutProduct
} from "../laws/world.ts"

/** The calls of an SDK, with the names of Polar's JSON. */
interface Inputs {
  "portal.list": { readonly subscription_id?: string; readonly order_id?: string }
  "portal.assign": models.CustomerSeatAssign
  "portal.revoke": string
  "portal.resend": string
  "portal.claimedSubscriptions": { readonly page: number }
  "organization.list": { readonly subscription_id?: string; readonly order_id?: string }
  "organization.assign": models.SeatAssign
  "organization.revoke": string
  "organization.resend": string
  "claim.info": string
  "claim.claim": string
  "sessions.create": models.CustomerSessionCustomerIDCreate | models.CustomerSessionCustomerExternalIDCreate
}
export type Operation = keyof Inputs

/** An SDK that holds a token. */
export type Sdk = { readonly [K in Operation]: (input: Inputs[K]) => Promise<unknown> }

/** A call that Polar refuses, with the status and the name of the refusal. */
export interface Refusal {
  readonly name: string
  readonly operation: Operation
  readonly token: string
  readonly ask: (sdk: Sdk) => Promise<unknown>
  readonly status: number
  /** The `error` of the body, or null if the body is plain text. */
  readonly error: string | null
}

const refused = <K extends Operation>(
  name: string,
  operation: K,
  token: string,
  input: Inputs[K],
  status: number,
  error: string | null
): Refusal => ({ name: `${operation}: ${name}`, operation, token, ask: (sdk) => sdk[operation](input), status, error })

/** Polar refuses a token of the wrong kind, and an expired or unknown token. The two have different bodies. */
const unauthorized = <K extends Operation>(operation: K, input: Inputs[K], wrong: string) => [
  refused("a token of the wrong kind", operation, wrong, input, 401, "Unauthorized"),
  refused("no token", operation, "", input, 401, "Unauthorized"),
  refused("an expired token", operation, tokens.expired, input, 401, "invalid_token"),
  refused("an unknown token", operation, tokens.unknown, input, 401, "invalid_token")
]

const garbage = "not-a-uuid"
const version7 = "0190b5e0-7c1d-7a52-8c1f-3b2a1d0e9f88"
const recipient = { email: "zoe@acme.com" }
const toZoe = { subscription_id: subscription, ...recipient }
const tooMuch = Object.fromEntries(Array.from({ length: 11 }, (_, key) => [key, 1]))

type ApiSurface = "portal" | "organization"

// The refusals of both surfaces. Each has a token that may do everything, and one of another kind
const shared = (surface: ApiSurface, may: string, mayNot: string, old: string) => {
  const [list, assign, revoke, resend] = [
    `${surface}.list`,
    `${surface}.assign`,
    `${surface}.revoke`,
    `${surface}.resend`
  ] as const
  const order = { order_id: unpaid }
  const ofOld = { subscription_id: ofOldOrganization, customer_id: unknown }
  return [
    ...unauthorized(list, { subscription_id: subscription }, mayNot),
    refused("neither subscription nor order", list, may, {}, 400, "BadRequest"),
    refused("an unknown subscription", list, may, { subscription_id: unknown }, 404, "ResourceNotFound"),
    refused("an unknown order", list, may, { order_id: unknown }, 404, "ResourceNotFound"),
    refused("an id that is no UUID", list, may, { subscription_id: garbage }, 422, "RequestValidationError"),
    refused("an id of version 7", list, may, { order_id: version7 }, 422, "RequestValidationError"),

    ...unauthorized(assign, toZoe, mayNot),
    refused("no seat left", assign, may, { subscription_id: full, ...recipient }, 400, "SeatNotAvailable"),
    refused("an unpaid order", assign, may, { ...order, ...recipient }, 400, "SeatNotAvailable"),
    refused(
      "an order without a product",
      assign,
      may,
      { order_id: withoutProduct, ...recipient },
      400,
      "SeatNotAvailable"
    ),
    refused("assigned already", assign, may, { ...toZoe, email: "ann@acme.com" }, 400, "SeatAlreadyAssigned"),
    refused(
      "an unknown customer, with members",
      assign,
      may,
      { subscription_id: subscription, customer_id: unknown },
      400,
      "InvalidSeatAssignmentRequest"
    ),
    refused(
      "the external id of another member",
      assign,
      may,
      { ...toZoe, external_member_id: "ben-1", email: "max@acme.com" },
      400,
      "MemberEmailMismatch"
    ),
    refused(
      "an unknown subscription",
      assign,
      may,
      { subscription_id: unknown, ...recipient },
      404,
      "ResourceNotFound"
    ),
    refused("an unknown order", assign, may, { order_id: unknown, ...recipient }, 404, "ResourceNotFound"),
    refused("an unknown customer, without members", assign, old, ofOld, 404, "CustomerNotFound"),
    refused(
      "an unknown member",
      assign,
      may,
      { subscription_id: subscription, member_id: unknown },
      404,
      "MemberNotFound"
    ),
    refused("no recipient", assign, may, { subscription_id: subscription }, 422, "RequestValidationError"),
    refused("two sources", assign, may, { ...toZoe, ...order }, 422, "RequestValidationError"),
    refused("an invalid address", assign, may, { ...toZoe, email: "zoe" }, 422, "RequestValidationError"),
    refused("metadata of eleven keys", assign, may, { ...toZoe, metadata: tooMuch }, 422, "RequestValidationError"),

    ...unauthorized(revoke, seats.live, mayNot),
    refused("an unknown seat", revoke, may, unknown, 404, "ResourceNotFound"),
    refused("an id that is no UUID", revoke, may, garbage, 422, "RequestValidationError"),
    refused("an order without a product", revoke, may, seats.withoutProduct, 500, null),

    ...unauthorized(resend, seats.live, mayNot),
    refused("claimed", resend, may, seats.claimed, 400, "SeatNotPending"),
    refused("revoked", resend, may, seats.revoked, 400, "SeatNotPending"),
    refused("no invitation", resend, may, seats.withoutToken, 400, "InvalidInvitationToken"),
    refused("nobody to mail", resend, may, seats.withoutRecipient, 400, "InvalidInvitationToken"),
    refused("an unknown seat", resend, may, unknown, 404, "ResourceNotFound"),
    refused("an id that is no UUID", resend, may, garbage, 422, "RequestValidationError"),
    refused("an id of version 7", resend, may, version7, 422, "RequestValidationError"),
    refused("an order without a product", resend, may, seats.withoutProduct, 500, null)
  ]
}

/** Every refusal of every call. */
export const refusals: ReadonlyArray<Refusal> = [
  ...shared("portal", tokens.customer, tokens.organization, tokens.oldCustomer),
  refused(
    "the seat of another customer",
    "portal.list",
    tokens.customer,
    { subscription_id: strangersSubscription },
    404,
    "ResourceNotFound"
  ),
  refused(
    "an unknown checkout",
    "portal.assign",
    tokens.customer,
    { checkout_id: unknown, ...recipient },
    404,
    "ResourceNotFound"
  ),
  refused("the seat of another customer", "portal.revoke", tokens.customer, seats.strangers, 404, "ResourceNotFound"),
  refused("the seat of another customer", "portal.resend", tokens.customer, seats.strangers, 404, "ResourceNotFound"),
  refused("a plain member", "portal.assign", tokens.member, toZoe, 403, "NotPermitted"),
  refused("a plain member", "portal.revoke", tokens.member, seats.live, 403, "NotPermitted"),
  refused("a plain member", "portal.resend", tokens.member, seats.live, 403, "NotPermitted"),
  ...unauthorized("portal.claimedSubscriptions", { page: 1 }, tokens.organization),
  refused("page zero", "portal.claimedSubscriptions", tokens.customer, { page: 0 }, 422, "RequestValidationError"),

  ...shared("organization", tokens.organization, tokens.customer, tokens.oldOrganization),
  refused(
    "a token that may only write",
    "organization.list",
    tokens.organizationWriter,
    { order_id: order },
    403,
    "insufficient_scope"
  ),
  refused(
    "a token that may only read",
    "organization.assign",
    tokens.organizationReader,
    toZoe,
    403,
    "insufficient_scope"
  ),
  refused(
    "a token that may only read",
    "organization.revoke",
    tokens.organizationReader,
    seats.live,
    403,
    "insufficient_scope"
  ),
  refused(
    "a token that may only read",
    "organization.resend",
    tokens.organizationReader,
    seats.live,
    403,
    "insufficient_scope"
  ),

  refused("unknown", "claim.info", "", "unknown", 404, "ResourceNotFound"),
  refused("expired", "claim.info", "", "expired", 404, "ResourceNotFound"),
  refused("unknown", "claim.claim", "", "unknown", 400, "InvalidInvitationToken"),
  refused("expired", "claim.claim", "", "expired", 400, "InvalidInvitationToken"),
  refused("a character that PostgreSQL cannot store", "claim.claim", "", "\0", 422, "RequestValidationError"),

  ...unauthorized("sessions.create", { customer_id: unknown }, tokens.customer),
  refused(
    "a token with another scope",
    "sessions.create",
    tokens.organization,
    { customer_id: unknown },
    403,
    "insufficient_scope"
  ),
  refused(
    "an unknown customer",
    "sessions.create",
    tokens.sessions,
    { customer_id: unknown },
    422,
    "PolarRequestValidationError"
  ),
  refused(
    "an external id of two organizations",
    "sessions.create",
    tokens.userOfBoth,
    { external_customer_id: sharedExternalId },
    409,
    "AmbiguousExternalCustomerID"
  ),
  refused(
    "an id that is no UUID",
    "sessions.create",
    tokens.sessions,
    { customer_id: garbage },
    422,
    "RequestValidationError"
  )
]
