import type { Answer } from "../exchange.ts"
import { compare, type Fact, holds, member, NotChecked, polarError, same } from "../fact.ts"
import { emulatorOf, type Run, scene } from "../run.ts"
import { addressOf, type SeatJson } from "../seats.ts"
import {
  assign,
  assignedSeat,
  claim,
  claimInfo,
  expiryOf,
  list,
  newcomers,
  resend,
  seatIn,
  timeOf,
  vacate
} from "./assignments.ts"

interface DeadLink {
  /** The assignment while the clock was back. Undefined if the seat was there before the run. */
  readonly assigned: Answer | undefined
  readonly before: SeatJson | undefined
  readonly answer: Answer
  readonly info: Answer | undefined
  readonly claimed: Answer | undefined
}

const secondsBack = 25 * 3600

/** A pending seat whose link is dead, and whose holder may be mailed. Undefined if there is none. */
const expiredSeat = ({ answers, keeper, options }: Run): SeatJson | undefined => {
  const now = Math.max(...answers.slice(0, 1).map(timeOf))
  const addresses = new Set(options.addresses.map((address) => address.toLowerCase()))
  return keeper.before.seats.find(
    (seat) => seat.status === "pending" && expiryOf(seat) < now && addresses.has(addressOf(seat) ?? "")
  )
}

// The clock goes back for the assignment, and not forward for the resend: sessions stay valid
const assignYesterday = async (run: Run): Promise<Answer> => {
  if (run.emulator === undefined) {
    throw new NotChecked("no pending seat has a dead link and an address of --mail-to. Assign one a day before the run")
  }
  const [address] = newcomers(run)
  return run.emulator.whileBack(secondsBack, () => assign(run, address))
}

const deadLink = scene(async (run: Run): Promise<DeadLink> => {
  const known = expiredSeat(run)
  const assigned = known === undefined ? await assignYesterday(run) : undefined
  const id = known?.id ?? (assigned && assignedSeat(assigned).id) ?? ""
  const before = seatIn(await list(run), id)
  const answer = await resend(run, run.surface, id)
  const token = await run.emulator?.lastToken(id)
  const info = token === undefined ? undefined : await claimInfo(run, token)
  // A claim cannot be undone for somebody else's seat
  const claimed = token === undefined || known !== undefined ? undefined : await claim(run, token)
  await vacate(run)
  return { assigned, before, answer, info, claimed }
})

/** The finding that this project began with. */
export const deadLinks: ReadonlyArray<Fact> = [
  {
    name: "dead-link",
    says: "Polar mails a dead link: the resend of an expired invitation is 200, and the expiry stays in the past.",
    means:
      "Polar renews or refuses dead links now. `Invitations.resend` need not refuse them, and `--on-expired` needs another " +
      "default. A refusal needs an error of its own.",
    check: async (run) => {
      const { answer, before } = await deadLink(run)
      const expiry = "invitation_token_expires_at"
      return [
        ...compare(answer, { status: 200 }),
        ...(answer.status === 200 ? same(expiry, member(before, expiry), member(answer.json, expiry)) : []),
        ...holds(!(expiryOf(before) >= timeOf(answer)), expiry, "a time before `Date`", member(before, expiry))
      ]
    }
  },
  {
    name: "date-follows-clock",
    says: "`Date` follows the clock by which links expire, even if that clock is a day behind.",
    means: "The client learns Polar's time from `Date`, and judges links by the wrong time.",
    check: async (run) => {
      emulatorOf(run)
      const { assigned } = await deadLink(run)
      if (assigned === undefined) throw new NotChecked("the clock was not moved, because a link was dead already")
      const lifetime = (expiryOf(assigned.json) - timeOf(assigned)) / 1000
      const isDay = Math.abs(lifetime - 86_400) <= assigned.took / 1000 + 2
      return holds(isDay, "the seconds from `Date` to the expiry, while the clock is back", "86400", lifetime)
    }
  },
  {
    name: "dead-link-claim",
    says: "A dead link opens nothing: a look is 404, and a claim is 400 InvalidInvitationToken.",
    means: "Polar honours links after their expiry. `Expired` is too strict.",
    check: async (run) => {
      emulatorOf(run)
      const { claimed, info } = await deadLink(run)
      if (info === undefined) throw new NotChecked("no mail has a link")
      const detail = "Invalid or expired invitation token"
      return [
        ...compare(
          { ...info, asked: "a look at the dead link" },
          { status: 404, text: polarError("ResourceNotFound", detail) }
        ),
        ...(claimed === undefined
          ? []
          : compare(claimed, { status: 400, text: polarError("InvalidInvitationToken", detail) }))
      ]
    }
  }
]
