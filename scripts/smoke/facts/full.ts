import type { Answer } from "../exchange.ts"
import { compare, type Fact, NotChecked, polarError } from "../fact.ts"
import { type Run, scene } from "../run.ts"
import { assign, assignedSeat, newcomers, resend, vacate } from "./assignments.ts"
import { notPending } from "./seats.ts"

interface Full {
  readonly claimed: Answer
  readonly resentClaimed: Answer
  /** An assignment when no seat is free. Undefined if there are more free seats than addresses. */
  readonly refused: Answer | undefined
}

/** Fills the subscription with seats that are claimed at once, which mails nobody. */
const full = scene(async (run: Run): Promise<Full> => {
  const [first, ...others] = newcomers(run)
  const claimed = await assign(run, first, true)
  const resentClaimed = await resend(run, run.surface, assignedSeat(claimed).id)
  const { available } = run.keeper.before
  const canFill = available <= others.length + 1
  if (canFill) for (const address of others.slice(0, available - 1)) await assign(run, address, true)
  const refused = canFill ? await assign(run, first) : undefined
  await vacate(run)
  return { claimed, resentClaimed, refused }
})

/** Seats that are claimed without a mail, and a subscription without a free seat. */
export const claimedAtOnce: ReadonlyArray<Fact> = [
  {
    name: "immediate-claim",
    says: "An assignment with an immediate claim is claimed at once, and has no link.",
    means: "`assign` with `immediateClaim` mails somebody.",
    check: async (run) =>
      compare((await full(run)).claimed, {
        status: 200,
        json: { status: "claimed", invitation_token_expires_at: null }
      })
  },
  {
    name: "resend-claimed",
    says: "Polar answers the resend of a claimed seat with 400 SeatNotPending.",
    means: "`AlreadyClaimed` becomes another error, or a mail leaves.",
    check: async (run) => compare((await full(run)).resentClaimed, notPending)
  },
  {
    name: "no-seat-left",
    says: "Polar answers an assignment without a free seat with 400 SeatNotAvailable.",
    means: "`NoSeatAvailable` becomes another error.",
    check: async (run) => {
      const { refused } = await full(run)
      const { available } = run.keeper.before
      if (refused === undefined) {
        throw new NotChecked(
          `${available} seats are free: pass as many addresses without a seat, so that they can be filled`
        )
      }
      const text = polarError("SeatNotAvailable", `No available seats for ${run.options.subscription}`)
      return compare(refused, { status: 400, text })
    }
  }
]
