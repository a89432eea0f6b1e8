import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { SeatId } from "./Seat.ts"

/** The operations that an error can name. Each is the name of the service method and of its span. */
export const Operation = Schema.Literals([
  "Seats.resend",
  "Seats.list",
  "Seats.assign",
  "Seats.revoke",
  "Seats.claimedSubscriptions",
  "SeatClaims.info",
  "SeatClaims.claim",
  "SeatClaims.events",
  "CustomerSessions.create"
])
export type Operation = typeof Operation.Type

const mailing: ReadonlySet<Operation> = new Set<Operation>(["Seats.resend", "Seats.assign"])
// Operations that change nothing that anybody would notice, so it does not matter whether Polar carried them out
const harmless: ReadonlySet<Operation> = new Set<Operation>([
  "Seats.list",
  "Seats.claimedSubscriptions",
  "SeatClaims.info",
  "SeatClaims.events",
  "CustomerSessions.create"
])

/** Whether an operation changes nothing that anybody would notice, whether or not Polar carries it out. */
export const isHarmless = (operation: Operation): boolean => harmless.has(operation)

/** The part of Polar's API that an error comes from: the customer portal, the organization's API, or the claim of a seat. */
export const Surface = Schema.Literals(["CustomerPortal", "Organization", "Claim"])
export type Surface = typeof Surface.Type

// The fields `surface` and `host` are absent if Polar was not asked, or if an error was encoded before they existed

// `httpApiStatus` is the default status in an app's own `HttpApi`. `Unauthorized` and `Forbidden` have none, which is a 500:
// they concern the app's own token, unless the token was the caller's

/**
 * The customer or organization that the token stands for has no such seat, subscription, order or checkout. Polar answers
 * the same if it belongs to somebody else.
 */
export class NotFound extends Schema.TaggedError<NotFound>()(
  "NotFound",
  {
    resource: Schema.Literals(["seat", "subscription", "order", "checkout"]),
    id: Schema.String,
    surface: Schema.optionalKey(Surface)
  },
  { httpApiStatus: 404 }
) {
  override get message() {
    const [where, token] =
      this.surface === "CustomerPortal"
        ? [" for this customer", "session"]
        : [this.surface === "Organization" ? " in this organization" : "", "token"]
    return `There is no ${this.resource} ${this.id}${where}, so nothing changed: check the id, and whose ${token} you use.`
  }
}

// A bundler drops an unused class only if the call that makes its base class is annotated as pure. The errors that not every
// client needs are annotated

/** The seat is not pending any more: it was claimed or revoked. Polar answers `SeatNotPending` in both cases. */
export class AlreadyClaimed
  extends /* @__PURE__ */ Schema.TaggedError<AlreadyClaimed>()(
    "AlreadyClaimed",
    { seatId: SeatId },
    { httpApiStatus: 409 }
  )
{
  override get message() {
    return `Seat ${this.seatId} is not pending any more: it was claimed or revoked. Nothing was mailed. List the seats to see which.`
  }
}

/**
 * Polar refuses the token. After `WrongToken`, the request had no token or not the kind that `wants` names. After
 * `InvalidToken`, the token is expired, revoked or mistyped, or it is one of Polar's other environment. `host` is the host
 * that refused it, with its port if that is not the default. It is absent if no host was asked.
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  reason: Schema.Literals(["WrongToken", "InvalidToken"]),
  wants: Schema.Literals(["CustomerSession", "OrganizationToken"]),
  host: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const wanted =
      this.wants === "CustomerSession"
        ? "a customer or member session (polar_cst_… or polar_mst_…)"
        : "an organization token (polar_oat_…)"
    if (this.reason === "InvalidToken") {
      const refused =
        this.host === undefined
          ? ""
          : ` ${this.host} refused it, and a token of the other environment (sandbox, production) looks the same.`
      return `The token is expired, revoked or mistyped, so nothing happened.${refused} Create a new one: this call needs ${wanted}.`
    }
    const sent = `No token of the right kind was sent${this.host === undefined ? "" : ` to ${this.host}`}, so nothing happened.`
    return this.wants === "CustomerSession"
      ? `${sent} The customer portal needs ${wanted}; an organization token does not work there.`
      : `${sent} This call needs ${wanted}; a customer or member session does not work here.`
  }
}

/** The token is valid, but does not allow this call. */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  reason: Schema.Literals(["Role", "SeatsNotEnabled", "Scope", "Organization"]),
  surface: Schema.optionalKey(Surface)
}) {
  override get message() {
    switch (this.reason) {
      case "Role":
        return this.surface === "Organization"
          ? "The holder of this token may not do that, so nothing happened. Ask an administrator of the organization."
          : "This member may not do that, so nothing happened. Ask an owner or a billing manager."
      case "SeatsNotEnabled":
        return "The organization that sells these seats has not enabled seat-based pricing, so nothing happened. It can do that in Polar's settings."
      case "Scope":
        return "The token lacks the scope for this call, so nothing happened. Create one with customer_seats:read, customer_seats:write or customer_sessions:write, as needed."
      case "Organization":
        return "The token does not reach the organization that the request names, so nothing happened. Check the option `organization`."
    }
  }
}

/** The seat is pending, but there is no invitation to resend: its token is gone, or there is nobody to mail. */
export class InvitationUnavailable
  extends /* @__PURE__ */ Schema.TaggedError<InvitationUnavailable>()(
    "InvitationUnavailable",
    {
      seatId: SeatId
    },
    { httpApiStatus: 409 }
  )
{
  override get message() {
    return `Seat ${this.seatId} has no invitation to resend: its token is gone, or there is nobody to mail. Nothing was mailed. Revoke the seat and assign it again.`
  }
}

/** There is no seat to assign: none is left, the order is not paid, or it has no product. `detail` is Polar's text. */
export class NoSeatAvailable
  extends /* @__PURE__ */ Schema.TaggedError<NoSeatAvailable>()(
    "NoSeatAvailable",
    {
      detail: Schema.String
    },
    { httpApiStatus: 409 }
  )
{
  override get message() {
    return `Polar has no seat to assign (${this.detail}), so nobody was mailed. Revoke a seat, or have the buyer buy more.`
  }
}

/** The recipient already has a seat of this subscription or order. `recipient` is the identifier in the assignment. */
export class AlreadyAssigned
  extends /* @__PURE__ */ Schema.TaggedError<AlreadyAssigned>()(
    "AlreadyAssigned",
    {
      recipient: Schema.String
    },
    { httpApiStatus: 409 }
  )
{
  override get message() {
    return `${this.recipient} has a seat already, so nobody was mailed. List the seats, and resend the invitation if the seat is pending.`
  }
}

/** Polar has no such customer or member. `recipient` is the identifier in the assignment. */
export class RecipientNotFound
  extends /* @__PURE__ */ Schema.TaggedError<RecipientNotFound>()(
    "RecipientNotFound",
    {
      recipient: Schema.String
    },
    { httpApiStatus: 404 }
  )
{
  override get message() {
    return `There is no customer or member ${this.recipient}, so nobody was mailed. Check the id, or assign by e-mail.`
  }
}

/** The invitation token opens no seat: it is unknown, expired or used, or its seat was revoked. Polar does not say which. */
export class InvalidInvitation
  extends /* @__PURE__ */ Schema.TaggedError<InvalidInvitation>()("InvalidInvitation", {}, { httpApiStatus: 404 })
{
  override get message() {
    return "The invitation is unknown, expired, used or revoked, so no seat was claimed. A resend does not renew it: ask whoever assigns the seats to revoke the seat and assign it again."
  }
}

/** One problem of a request: Polar's name for the rule, the path of the value, and Polar's text. */
export const RequestIssue = Schema.Struct({
  type: Schema.String,
  path: Schema.Array(Schema.Union([Schema.String, Schema.Int])),
  message: Schema.String
})
export type RequestIssue = typeof RequestIssue.Type

/** The request is invalid. Either Polar refused it, or it was not sent at all. Nothing happened. */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()(
  "InvalidRequest",
  {
    issues: Schema.Array(RequestIssue)
  },
  { httpApiStatus: 422 }
) {
  override get message() {
    const issues = this.issues.map(({ message, path }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message))
    const why = issues.length > 0 ? issues.join("; ").replace(/\.$/, "") : "Polar did not say why"
    return `The request is refused, and nothing happened. Correct it: ${why}.`
  }
}

/** Polar's rate limit is reached. Nothing happened. Retry after `retryAfter`, if Polar names one. */
export class RateLimited extends Schema.TaggedError<RateLimited>()(
  "RateLimited",
  {
    retryAfter: Schema.NullOr(Schema.DurationFromMillis)
  },
  { httpApiStatus: 429 }
) {
  override get message() {
    return this.retryAfter === null
      ? "Polar limits the rate of requests, so nothing happened. Wait a minute before the next one."
      : `Polar limits the rate of requests, so nothing happened. Wait ${Duration.format(this.retryAfter)} before the next one.`
  }
}

/** The reason why there is no usable answer. Only after `NotSent` is it certain that nothing happened. */
export const UnavailableReason = Schema.TaggedUnion({
  /** The request never left, so a retry is safe. */
  NotSent: { description: Schema.String },
  /** The request may have left, and no answer came. Polar may have carried it out. */
  OutcomeUnknown: { description: Schema.String },
  /** Polar failed while it worked on the request (5xx). */
  ServerFailed: { status: Schema.Int },
  /** An answer came, but not one that Polar documents for this request. It says nothing about what Polar did. */
  UnexpectedResponse: { status: Schema.Int, description: Schema.String }
})
export type UnavailableReason = typeof UnavailableReason.Type

const describeReason = (reason: UnavailableReason, host: string | undefined): string => {
  const to = host === undefined ? "" : ` to ${host}`
  const polar = host === undefined ? "Polar" : `Polar (${host})`
  switch (reason._tag) {
    case "NotSent":
      return `The request${to} was not sent: ${reason.description}.`
    case "OutcomeUnknown":
      return `Whether the request${to} was carried out is unknown: ${reason.description}.`
    case "ServerFailed":
      return `${polar} failed with status ${reason.status}.`
    case "UnexpectedResponse":
      return `${polar} answered with status ${reason.status} in a way that is not documented: ${reason.description}.`
  }
}

/**
 * Polar gave no usable answer, or could not be reached. `mayHaveHappened` says whether Polar may have acted all the same.
 * `host` is the host of the request, with its port if that is not the default. It is absent if there was no request.
 */
export class Unavailable extends Schema.TaggedError<Unavailable>()(
  "Unavailable",
  {
    operation: Operation,
    reason: UnavailableReason,
    host: Schema.optionalKey(Schema.String)
  },
  { httpApiStatus: 502 }
) {
  /**
   * False only if Polar certainly changed nothing and mailed nobody. A doubt counts as true: whatever its status is, an
   * answer that Polar does not document may come from a proxy, after Polar has done its work.
   */
  get mayHaveHappened(): boolean {
    return !isHarmless(this.operation) && this.reason._tag !== "NotSent"
  }

  override get message() {
    const what = describeReason(this.reason, this.host)
    if (!this.mayHaveHappened) {
      return this.reason._tag === "UnexpectedResponse"
        ? `${what} Nothing happened. Check the base URL and the proxies on the way to Polar.`
        : `${what} It is safe to retry.`
    }
    if (!mailing.has(this.operation)) return `${what} It may have been done: check before you retry.`
    return this.reason._tag === "UnexpectedResponse" && this.reason.status < 300
      ? `${what} The mail probably went out: check before you retry.`
      : `${what} The mail may have gone out: check before you retry.`
  }
}

/** The errors that every request can fail with. */
export const RequestError = /* @__PURE__ */ Schema.Union([InvalidRequest, RateLimited, Unavailable])
export type RequestError = typeof RequestError.Type

/** Whether an error is a `RateLimited`. */
export const isRateLimited = (error: { readonly _tag: string }): error is RateLimited => error._tag === "RateLimited"
/** Whether an error is an `Unavailable`. */
export const isUnavailable = (error: { readonly _tag: string }): error is Unavailable => error._tag === "Unavailable"

/** Whether Polar may have acted although the call failed. A doubt counts as true. */
export const mayHaveHappened = (error: { readonly _tag: string }): boolean =>
  isUnavailable(error) && error.mayHaveHappened

// Operations that Polar can carry out twice without a difference. A revoked seat stays revoked
const idempotent: ReadonlySet<Operation> = new Set<Operation>([...harmless, "Seats.revoke"])

/**
 * Whether the call that failed with this error may be retried unchanged. An answer that Polar documents is final. A call
 * that mails, or uses something up, may be retried only if Polar certainly did nothing.
 */
export const isSafeToRetry = <E extends { readonly _tag: string }>(
  error: E
): error is E & (RateLimited | Unavailable) => {
  if (isRateLimited(error)) return true
  if (!isUnavailable(error)) return false
  switch (error.reason._tag) {
    case "NotSent":
      return true
    case "OutcomeUnknown":
    case "ServerFailed":
      return idempotent.has(error.operation)
    case "UnexpectedResponse":
      return false
  }
}

/** All errors of `Seats`, for code that handles them in one place. */
export const SeatError = /* @__PURE__ */ Schema.Union([
  InvalidRequest,
  RateLimited,
  Unavailable,
  Unauthorized,
  Forbidden,
  NotFound,
  AlreadyClaimed,
  InvitationUnavailable,
  NoSeatAvailable,
  AlreadyAssigned,
  RecipientNotFound
])
export type SeatError = typeof SeatError.Type
