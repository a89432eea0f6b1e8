import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { SeatId } from "@polar-seats/domain/Seat"

/** A mail as Polar would send it. The token, and the link that contains it, open the seat, so both are redacted. */
export interface Mail {
  readonly to: string
  readonly subject: string
  readonly seatId: SeatId
  readonly token: Redacted.Redacted<string>
  readonly claimUrl: Redacted.Redacted<string>
  readonly sentAt: DateTime.Utc
}

/** The mails that `SeatsMemory.layer` or the emulator sent, for tests to read. */
export class Outbox extends Context.Service<
  Outbox,
  {
    /**
     * The mails since the start or the last `clear`, newest last. Beyond 100,000 mails, or 64 MiB of text, the outbox drops
     * the oldest.
     */
    readonly mails: Effect.Effect<ReadonlyArray<Mail>>
    /** How many mails it dropped since the start or the last `clear`. */
    readonly dropped: Effect.Effect<number>
    /** Empties the outbox. */
    readonly clear: Effect.Effect<void>
  }
>()("@polar-seats/emulator/Outbox") {}
