import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { SeatId } from "./Seat.ts"

/** The operations that an error can name: the method, as in its span. */
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

const mails: ReadonlySet<Operation> = new Set<Operation>(["Seats.resend", "Seats.assign"])
// What changes nothing that anybody would notice, so that it does not matter whether it happened
const harmless: ReadonlySet<Operation> = new Set<Operation>([
  "Seats.list",
  "Seats.claimedSubscriptions",
  "SeatClaims.info",
  "SeatClaims.events",
  "CustomerSessions.create"
])

/** There is no such thing for this customer. Polar answers the same for what does not exist and for what is another customer's. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {
  resource: Schema.Literals(["seat", "subscription", "order", "checkout"]),
  id: Schema.String
}) {
  override get message() {
    return `There is no ${this.resource} ${this.id} for this customer: check the id, and whose session it is.`
  }
}

// A bundler drops a class only where it is told that the call which makes its base does nothing else. It is told so of the
// errors that not every client has

/** The seat is not pending any more: it was claimed, or revoked. Polar answers `SeatNotPending` to both. */
export class AlreadyClaimed
  extends /* @__PURE__ */ Schema.TaggedError<AlreadyClaimed>()("AlreadyClaimed", { seatId: SeatId })
{
  override get message() {
    return `Seat ${this.seatId} is not pending any more: it was claimed or revoked. List the seats to see which.`
  }
}

/**
 * Polar does not take the token. `WrongToken`: none was sent, or one of another kind than `wants`; `InvalidToken`: it is
 * expired, revoked or mistyped.
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  reason: Schema.Literals(["WrongToken", "InvalidToken"]),
  wants: Schema.Literals(["CustomerSession", "OrganizationToken"])
}) {
  override get message() {
    const wanted =
      this.wants === "CustomerSession"
        ? "a customer or member session (polar_cst_… or polar_mst_…)"
        : "an organization token (polar_oat_…)"
    if (this.reason === "InvalidToken") {
      return `The token is expired, revoked or mistyped: create a new one. Polar wants ${wanted} here.`
    }
    return this.wants === "CustomerSession"
      ? `No token of the right kind was sent: the customer portal wants ${wanted}, and an organization token does not work there.`
      : `No token of the right kind was sent: Polar wants ${wanted} here, and a customer's or a member's session does not work.`
  }
}

/** The token is good, but not for this. */
export class Forbidden extends Schema.TaggedError<Forbidden>()("Forbidden", {
  reason: Schema.Literals(["Role", "SeatsNotEnabled", "Scope"])
}) {
  override get message() {
    switch (this.reason) {
      case "Role":
        return "This member may not do that: ask an owner or a billing manager."
      case "SeatsNotEnabled":
        return "Seat-based pricing is not enabled for this organization: enable it in Polar's settings."
      case "Scope":
        return "The token lacks the scope for this: create one with customer_seats:read, customer_seats:write or customer_sessions:write, as needed."
    }
  }
}

/** The seat is pending, but there is no invitation to send again: its token is gone, or nobody is left to mail. */
export class InvitationUnavailable
  extends /* @__PURE__ */ Schema.TaggedError<InvitationUnavailable>()("InvitationUnavailable", {
    seatId: SeatId
  })
{
  override get message() {
    return `Seat ${this.seatId} has no invitation to resend (no token, or nobody to mail): revoke the seat and assign it again.`
  }
}

/** The seat was mailed an invitation shortly before, so nothing was sent. From `again` on it may be resent. */
export class ResentRecently
  extends /* @__PURE__ */ Schema.TaggedError<ResentRecently>()("ResentRecently", {
    seatId: SeatId,
    again: Schema.DateTimeUtcFromString
  })
{
  override get message() {
    return `Seat ${this.seatId} was mailed an invitation a short while ago: resend it from ${DateTime.formatIso(this.again)} on.`
  }
}

/** There is no seat to assign. `detail` is Polar's: none is left, the order is not paid, or it has no product. */
export class NoSeatAvailable
  extends /* @__PURE__ */ Schema.TaggedError<NoSeatAvailable>()("NoSeatAvailable", {
    detail: Schema.String
  })
{
  override get message() {
    return `Polar has no seat to assign (${this.detail}): revoke one, or buy more.`
  }
}

/** The recipient has a seat of this subscription or order already. */
export class AlreadyAssigned
  extends /* @__PURE__ */ Schema.TaggedError<AlreadyAssigned>()("AlreadyAssigned", {
    recipient: Schema.String
  })
{
  override get message() {
    return `${this.recipient} has a seat already: list the seats, and resend the invitation if it is pending.`
  }
}

/** There is no such customer or member. */
export class RecipientNotFound
  extends /* @__PURE__ */ Schema.TaggedError<RecipientNotFound>()("RecipientNotFound", {
    recipient: Schema.String
  })
{
  override get message() {
    return `There is no customer or member ${this.recipient}: check the id, or assign by e-mail.`
  }
}

/** The invitation token opens nothing: it is unknown, expired, used, or its seat was revoked. Polar does not say which. */
export class InvalidInvitation
  extends /* @__PURE__ */ Schema.TaggedError<InvalidInvitation>()("InvalidInvitation", {})
{
  override get message() {
    return "The invitation is unknown, expired, used or revoked. A resend does not revive it: revoke the seat and assign it again."
  }
}

/** One thing that Polar found wrong in a request: Polar's name for the rule, where it is, and what it says. */
export const RequestIssue = Schema.Struct({
  type: Schema.String,
  path: Schema.Array(Schema.Union([Schema.String, Schema.Int])),
  message: Schema.String
})
export type RequestIssue = typeof RequestIssue.Type

/** The request is malformed, so Polar refused it, or it was not even sent. Nothing happened. */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>()("InvalidRequest", {
  issues: Schema.Array(RequestIssue)
}) {
  override get message() {
    const issues = this.issues.map(({ message, path }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message))
    const why = issues.length > 0 ? issues.join("; ").replace(/\.$/, "") : "Polar did not say why"
    return `The request is refused, correct it: ${why}.`
  }
}

/** Too many requests. Nothing happened; it may be repeated after `retryAfter`, where Polar named one. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  retryAfter: Schema.NullOr(Schema.DurationFromMillis)
}) {
  override get message() {
    return this.retryAfter === null
      ? "Polar limits the rate of requests: wait a minute before the next one."
      : `Polar limits the rate of requests: wait ${Duration.format(this.retryAfter)} before the next one.`
  }
}

/** Why there is no usable answer. Only after `NotSent` is it certain that nothing happened. */
export const UnavailableReason = Schema.TaggedUnion({
  /** The request never left: repeating it is safe. */
  NotSent: { description: Schema.String },
  /** It may have left, and no answer came: it may have been done. */
  OutcomeUnknown: { description: Schema.String },
  /** The server failed while it worked on it. */
  ServerFailed: { status: Schema.Int },
  /** There was an answer, but none that Polar documents. */
  UnexpectedResponse: { status: Schema.Int, description: Schema.String }
})
export type UnavailableReason = typeof UnavailableReason.Type

const describe = (reason: UnavailableReason): string => {
  switch (reason._tag) {
    case "NotSent":
      return `The request was not sent: ${reason.description}.`
    case "OutcomeUnknown":
      return `Whether the request was carried out is unknown: ${reason.description}.`
    case "ServerFailed":
      return `Polar failed with status ${reason.status}.`
    case "UnexpectedResponse":
      return `Polar answered with status ${reason.status} in a way that is not documented: ${reason.description}.`
  }
}

/** Polar, or the way to it, gave no usable answer. `mayHaveHappened` tells whether it may have acted all the same. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  operation: Operation,
  reason: UnavailableReason
}) {
  /** False only where it is certain that Polar changed nothing and mailed nobody. A doubt counts as true. */
  get mayHaveHappened(): boolean {
    if (harmless.has(this.operation)) return false
    switch (this.reason._tag) {
      case "NotSent":
        return false
      case "OutcomeUnknown":
      case "ServerFailed":
        return true
      case "UnexpectedResponse":
        // 408 comes from something between us and Polar that gave up waiting, not from Polar
        return this.reason.status < 400 || this.reason.status >= 500 || this.reason.status === 408
    }
  }

  override get message() {
    const what = describe(this.reason)
    if (!this.mayHaveHappened) {
      return this.reason._tag === "UnexpectedResponse"
        ? `${what} Nothing happened.`
        : `${what} It is safe to try again.`
    }
    if (!mails.has(this.operation)) return `${what} It may have been done: look before trying again.`
    return this.reason._tag === "UnexpectedResponse" && this.reason.status < 300
      ? `${what} The mail probably went out: look before trying again.`
      : `${what} The mail may have gone out: look before trying again.`
  }
}

/** What every request can fail with, whatever it asks for. */
export type RequestError = InvalidRequest | RateLimited | Unavailable

/** Whether an error is a 429. */
export const isRateLimited = (error: { readonly _tag: string }): error is RateLimited => error._tag === "RateLimited"
const isUnavailable = (error: { readonly _tag: string }): error is Unavailable => error._tag === "Unavailable"

/** Whether Polar may have acted although the call failed. A doubt counts. */
export const mayHaveHappened = (error: { readonly _tag: string }): boolean =>
  isUnavailable(error) && error.mayHaveHappened

// What may be done twice without anybody noticing. A revoked seat stays revoked
const idempotent: ReadonlySet<Operation> = new Set<Operation>([...harmless, "Seats.revoke"])

/**
 * Whether the call that failed with this error may be repeated as it was. Never after an answer that stands, and for
 * what mails or uses something up only where it is certain that nothing happened.
 */
export const isSafeToRepeat = <E extends { readonly _tag: string }>(
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

/** Every error of `Seats`, for code that handles them all in one place. */
export type SeatError =
  | RequestError
  | Unauthorized
  | Forbidden
  | NotFound
  | AlreadyClaimed
  | InvitationUnavailable
  | ResentRecently
  | NoSeatAvailable
  | AlreadyAssigned
  | RecipientNotFound
