import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { HolderRemoved, InexactMetadata, MailedSomebodyElse } from "./InvitationError.ts"
import { JournalError, UnreadableEntry } from "./internal/journalError.ts"
import { ReissueIncomplete, RevokedSomebodyElse } from "./Reissue.ts"
import { InvalidOption } from "@polar-seats/domain/InvalidOption"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import * as SeatError from "@polar-seats/domain/SeatError"

/**
 * How to treat a pending seat whose invitation has expired. `fail` mails nothing. `resendAnyway` mails the dead link.
 * `reissue` revokes the seat and assigns it again, which mails a new link.
 */
export const OnExpired = Schema.Literals(["fail", "resendAnyway", "reissue"])
export type OnExpired = typeof OnExpired.Type

/** The reason why a seat was skipped. */
export type Skip = Data.TaggedEnum<{
  /** The seat is claimed or revoked. */
  NotPending: {}
  /** The invitation has expired, and `onExpired` is `fail`. */
  Expired: { readonly expiredAt: DateTime.Utc }
  /** `olderThan` or `address` excludes the seat. */
  FilteredOut: {}
  /** The journal knows of a mail to this person within the cooldown. The next mail may leave from `again` on. */
  MailedRecently: { readonly again: DateTime.Utc }
  /** Another process that shares the journal works on the seat. */
  InProgressElsewhere: {}
  /** A dry run sent nothing. `would` says what a real run would do. */
  DryRun: { readonly would: "Resend" | "Reissue" }
}>
export const Skip = Data.taggedEnum<Skip>()

/** The outcome of one seat. `address` is the address that Polar would mail, or null if Polar names none. */
export type ReminderOutcome = Data.TaggedEnum<{
  Resent: { readonly seatId: SeatId; readonly address: string | null; readonly seat: Seat }
  /** `seat` is the person's seat now. Polar may have reused another revoked seat, so its id may differ from `seatId`. */
  Reissued: { readonly seatId: SeatId; readonly address: string | null; readonly seat: Seat }
  Skipped: { readonly seatId: SeatId; readonly address: string | null; readonly reason: Skip }
  /** Nothing was mailed. If the error is `ReissueIncomplete`, the seat may be revoked. */
  Failed: { readonly seatId: SeatId; readonly address: string | null; readonly error: OutcomeError }
  /** A mail may have been sent, now or before a crash. The seat is mailed again only with `retryUnknown`. */
  InDoubt: { readonly seatId: SeatId; readonly address: string | null }
}>
export const ReminderOutcome = Data.taggedEnum<ReminderOutcome>()

/** An error of one seat. The run continues with the other seats. */
export const OutcomeError = /* @__PURE__ */ Schema.Union([
  SeatError.InvalidRequest,
  SeatError.RateLimited,
  SeatError.Unavailable,
  SeatError.NotFound,
  SeatError.AlreadyClaimed,
  SeatError.InvitationUnavailable,
  SeatError.NoSeatAvailable,
  ReissueIncomplete,
  MailedSomebodyElse,
  RevokedSomebodyElse,
  HolderRemoved,
  InexactMetadata,
  UnreadableEntry
])
export type OutcomeError = typeof OutcomeError.Type

/** An error that stops the whole run, because no other seat could be mailed either. */
export const StoppingError = /* @__PURE__ */ Schema.Union([SeatError.Unauthorized, SeatError.Forbidden, JournalError])
export type StoppingError = typeof StoppingError.Type

/** An error that ends a run: a `StoppingError`, a failed list of seats, or an option that makes no sense. */
export const RemindError = /* @__PURE__ */ Schema.Union([
  SeatError.InvalidRequest,
  SeatError.RateLimited,
  SeatError.Unavailable,
  SeatError.Unauthorized,
  SeatError.Forbidden,
  SeatError.NotFound,
  JournalError,
  InvalidOption
])
export type RemindError = typeof RemindError.Type

/** Which seats are mailed, and how. */
export interface SeatOptions {
  /** How to treat expired invitations. Default: `fail`, which skips them. */
  readonly onExpired?: OnExpired | undefined
  /** Mails only people who were invited at least this long ago. Default: everybody. */
  readonly olderThan?: Duration.Input | undefined
  /** Mails only addresses for which this returns true. Default: everybody. */
  readonly address?: ((address: string) => boolean) | undefined
  /**
   * Skips people whom the journal has as mailed within this time. An interrupted run can be continued for this long
   * without a second mail. Default: 24 hours, the lifetime of an invitation.
   */
  readonly cooldown?: Duration.Input | undefined
  /** Also mails people who are in doubt according to the journal. Default: false. */
  readonly retryUnknown?: boolean | undefined
  /**
   * How old a list of the seats may be when a reissue revokes a seat on it. One list serves all revocations that begin
   * within this time. Default: 5 seconds.
   */
  readonly maxLookAge?: Duration.Input | undefined
  /** Mails nobody, writes nothing down, and reports what a real run would do. Default: false. */
  readonly dryRun?: boolean | undefined
}

/** Options of a run. */
export interface RemindOptions extends SeatOptions {
  /** How many seats are processed at a time. A seat that waits because of a 429 does not count. Default: 16. */
  readonly concurrency?: number | undefined
  /** The highest pace: at most `limit` requests in a `window`, evenly spaced. Default: as fast as Polar allows. */
  readonly pace?: { readonly limit: number; readonly window: Duration.Input } | undefined
}
