import { Invitations, type ReissueError } from "@polar-seats/invitations/Invitations"
import { Journal } from "@polar-seats/invitations/Journal"
import * as Reissue from "@polar-seats/invitations/Reissue"
import type { Seat } from "@polar-seats/domain/Seat"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { CommandError } from "../exit.ts"
import type { DoneSeat, Restore } from "./forEachSeat.ts"

/** The services that a reissue needs. */
export interface Services {
  readonly invitations: Invitations["Service"]
  readonly journal: Journal["Service"]
}

/** The services in the context. */
export const services = Effect.gen(function* () {
  return { invitations: yield* Invitations, journal: yield* Journal }
})

/**
 * Finishes a reissue that was started. If the journal still has it as unfinished afterwards, an interruption and every
 * error that stopped it are a `ReissueIncomplete`.
 */
export const finishReissue = (
  { invitations, journal }: Services,
  reissue: Reissue.Reissue,
  restore: Restore,
  again = false
) =>
  Effect.catchCause(
    restore(invitations.finish(reissue, { again })),
    Effect.fnUntraced(function* (cause): Effect.fn.Return<Seat, ReissueError> {
      const error = Option.getOrNull(Cause.findErrorOption(cause))
      switch (error?._tag) {
        case "ReissueIncomplete":
        case "RevokedSomebodyElse":
        case "MailedSomebodyElse":
        case "InProgressElsewhere":
        case "AlreadyClaimed":
        case "InvitationUnavailable":
        case "InvalidOption":
          return yield* Effect.fail(error)
      }
      const attempt = yield* Effect.match(journal.get(reissue.key), {
        onFailure: () => undefined,
        onSuccess: (entry) => entry?.attempt
      })
      if (attempt?._tag !== "Reissue") return yield* Effect.failCause(cause)
      return yield* new Reissue.ReissueIncomplete({ reissue, phase: attempt.phase, error })
    })
  )

/** Makes a call that may reissue a seat. If the reissue stops half way, the second half is tried once more at once. */
export const finishOnce = <E extends CommandError>(
  services: Services,
  call: Effect.Effect<DoneSeat, E>,
  restore: Restore
): Effect.Effect<DoneSeat, E | ReissueError> =>
  Effect.catchCause(restore(call), (cause): Effect.Effect<DoneSeat, E | ReissueError> => {
    const error: CommandError | undefined = Option.getOrUndefined(Cause.findErrorOption(cause))
    if (error?._tag !== "ReissueIncomplete" || Cause.hasInterrupts(cause)) return Effect.failCause(cause)
    return Effect.mapBoth(finishReissue(services, error.reissue, restore), {
      onSuccess: (seat): DoneSeat => ({ outcome: "reissued", seat }),
      // The first error says more than that the reissue still has to wait
      onFailure: (second) => (second._tag === "ReissueIncomplete" && second.error === null ? error : second)
    })
  })
