import * as Data from "effect/Data"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { JournalError } from "./Journal.ts"
import type { ReissueIncomplete } from "./Reissue.ts"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import type { Forbidden, NoSeatAvailable, Unauthorized } from "@polar-seats/domain/SeatError"
import type { ListError, ResendError, RevokeError } from "@polar-seats/domain/Seats"

/**
 * What to do about a pending seat whose link is dead: `fail` mails nothing, `resendAnyway` mails the dead link, and
 * `reissue` revokes the seat and assigns it again, which mails a new one.
 */
export const OnExpired = Schema.Literals(["fail", "resendAnyway", "reissue"])
export type OnExpired = typeof OnExpired.Type

/** Why a seat was passed over. */
export type Skip = Data.TaggedEnum<{
  /** It is claimed or revoked. */
  NotPending: {}
  /** Its link is dead, and `onExpired` says to mail none. */
  Expired: { readonly expiredAt: DateTime.Utc }
  /** Its age or its address is not what was asked for. */
  FilteredOut: {}
  /** It was mailed already: by this run before it was cut off, by another, or past a `Cooldown`. It may be from `again` on. */
  MailedRecently: { readonly again: DateTime.Utc }
  /** Somebody else who shares the journal is at it. */
  InProgressElsewhere: {}
  /** A dry run: nothing was sent, and this is what would have been. */
  DryRun: { readonly would: "Resend" | "Reissue" }
}>
export const Skip = Data.taggedEnum<Skip>()

/** What came of one seat. `address` is whom Polar would mail, where it names anybody. */
export type Outcome = Data.TaggedEnum<{
  Resent: { readonly seatId: SeatId; readonly address: string | null; readonly seat: Seat }
  /** `seat` is the person's seat now: its id may be that of another one, which was revoked before. */
  Reissued: { readonly seatId: SeatId; readonly address: string | null; readonly seat: Seat }
  Skipped: { readonly seatId: SeatId; readonly address: string | null; readonly why: Skip }
  /** Nothing was mailed; or a reissue is incomplete, which the error says. */
  Failed: { readonly seatId: SeatId; readonly address: string | null; readonly error: SeatFailure }
  /** It may have been mailed, now or before a crash. It is not mailed again unless that is asked for. */
  InDoubt: { readonly seatId: SeatId; readonly address: string | null }
}>
export const Outcome = Data.taggedEnum<Outcome>()

/** What one seat can fail with while the others go on. */
export type SeatFailure = Exclude<ResendError | RevokeError | ListError, Stopping> | NoSeatAvailable | ReissueIncomplete

/** What no other seat could be mailed after either. */
export type Stopping = Unauthorized | Forbidden | JournalError

/** What ends a run: what stops it, or a list of seats that does not come. */
export type RemindError = ListError | JournalError

/** Which seats are mailed, and how. */
export interface SeatOptions {
  /** What becomes of expired invitations. Default: `fail`, which skips them. */
  readonly onExpired?: OnExpired | undefined
  /** Only who was invited at least so long ago. Default: everybody. */
  readonly olderThan?: Duration.Input | undefined
  /** Only whom this is true of. Default: everybody. */
  readonly address?: ((address: string) => boolean) | undefined
  /**
   * Who was mailed within this time, as far as the journal knows, is skipped. So it is also how long a run that was cut
   * off can be gone on with. Default: 24 hours, which is how long an invitation lasts.
   */
  readonly cooldown?: Duration.Input | undefined
  /** Also mails those of whom the journal does not know whether they were. Default: false. */
  readonly retryUnknown?: boolean | undefined
  /** Mails nobody, writes nothing down, and tells what would happen. Default: false. */
  readonly dryRun?: boolean | undefined
}

/** How a run goes. */
export interface RemindOptions extends SeatOptions {
  /** How many seats are worked on at a time. One that waits because of Polar's rate limit is not counted. Default: 16. */
  readonly concurrency?: number | undefined
  /** How many requests are sent at most in a window, evenly. Default: as many as Polar lets through. */
  readonly pace?: { readonly limit: number; readonly window: Duration.Input } | undefined
}
