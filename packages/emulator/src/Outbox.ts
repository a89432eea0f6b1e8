import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { SeatId } from "@polar-seats/domain/Seat"

/** A mail as Polar would have sent it. The token, and the link that contains it, open the seat: both are redacted. */
export interface Mail {
  readonly to: string
  readonly subject: string
  readonly seatId: SeatId
  readonly token: Redacted.Redacted<string>
  readonly claimUrl: Redacted.Redacted<string>
  readonly sentAt: DateTime.Utc
}

/** The mails that went out, for tests to look into: `SeatsMemory.layer` and the emulator fill it. */
export class Outbox extends Context.Service<
  Outbox,
  {
    /** Every mail since the start or the last `clear`, newest last. */
    readonly mails: Effect.Effect<ReadonlyArray<Mail>>
    /** Forgets the mails so far. */
    readonly clear: Effect.Effect<void>
  }
>()("@polar-seats/domain/Outbox") {}
