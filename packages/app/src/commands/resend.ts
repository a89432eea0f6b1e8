import { Invitations } from "@polar-seats/invitations/Invitations"
import type { Invitation, Seat } from "@polar-seats/domain/Seat"
import { NotFound } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { layerJournal } from "../config/journal.ts"
import { layerSeats } from "../config/polarLayers.ts"
import { endCommand, exitCode } from "../exit.ts"
import { formatReissueCommand } from "../output/followUpCommands.ts"
import { readPolarTime } from "../output/polarTime.ts"
import { printOut } from "../output/print.ts"
import { formatHolder, formatInvitation } from "../output/seatTable.ts"
import type { ResendFlags } from "./flags.ts"
import { type DoneSeat, forEachSeat } from "./forEachSeat.ts"
import { findSeats, listSeats, readSeatNames, type SeatName, withoutList } from "./namedSeats.ts"
import { finishOnce, services as readServices } from "./reissueSeat.ts"
import { readOptionalSource } from "./sourceFlags.ts"

const nothingDone = "Nothing was mailed."

const printSent = Effect.fnUntraced(function* ({ outcome, seat }: DoneSeat) {
  const now = yield* readPolarTime
  yield* printOut(`${seat.id}: ${outcome} to ${formatHolder(seat)} (${formatInvitation(seat, now)})`)
})

/** A mail that left. If its link is dead and the caller did not ask for that, the command does not end with 0. */
const toDone = (seat: Seat, outcome: "resent" | "reissued", invitation: Invitation, mayBeDead: boolean): DoneSeat =>
  outcome === "resent" && invitation._tag === "Expired"
    ? {
        outcome,
        seat,
        deadLink: {
          code: mayBeDead ? 0 : exitCode.deadLink,
          warning: `the link in that mail is dead. To mail a new link: ${formatReissueCommand(seat)}`
        }
      }
    : { outcome, seat }

const resendAll = Effect.fnUntraced(function* (
  { again, onExpired: wanted }: ResendFlags,
  names: ReadonlyArray<SeatName>,
  source: SeatSource | undefined
) {
  const onExpired = Option.getOrElse(wanted, () => "fail" as const)
  const words = onExpired === "reissue" ? (["resent", "reissued"] as const) : (["resent"] as const)
  const services = yield* readServices
  const seats =
    source === undefined
      ? withoutList(names)
      : yield* findSeats(names, yield* listSeats(source, names, words, nothingDone), nothingDone)

  yield* forEachSeat({
    seats,
    operation: "Seats.resend",
    act: ({ id, seat }, restore) => {
      if (source !== undefined && seat === undefined) return Effect.fail(new NotFound({ resource: "seat", id }))
      const resend = services.invitations
        .resend(seat ?? id, { onExpired, again })
        .pipe(
          Effect.map(({ _tag, invitation, seat }) =>
            toDone(seat, _tag === "Resent" ? "resent" : "reissued", invitation, onExpired === "resendAnyway")
          )
        )
      return onExpired === "reissue" ? finishOnce(services, resend, restore) : restore(resend)
    },
    words,
    printDone: printSent
  })
})

/**
 * Resends invitations by their ids alone. Nothing is known of the seats before, and nothing is remembered after, so no rule
 * stands between the caller and Polar.
 */
const resendByIds = Effect.fnUntraced(function* ({ onExpired }: ResendFlags, names: ReadonlyArray<SeatName>) {
  const seats = yield* Seats
  yield* forEachSeat({
    seats: withoutList(names),
    operation: "Seats.resend",
    act: ({ id }, restore) =>
      Effect.zipWith(restore(seats.resend(id)), readPolarTime, (seat, now) =>
        toDone(seat, "resent", seat.invitation(now), Option.contains(onExpired, "resendAnyway"))
      ),
    words: ["resent"],
    printDone: printSent
  })
})

/** Resends invitations. With a source, the command looks first, and mails no dead link unless it is told to. */
export const run = Effect.fnUntraced(function* (flags: ResendFlags) {
  const source = yield* readOptionalSource(flags)
  const names = yield* readSeatNames(flags.seats, source, nothingDone)
  if (source === undefined && Option.isSome(flags.onExpired) && flags.onExpired.value !== "resendAnyway") {
    return yield* endCommand(
      exitCode.wrongUse,
      "--on-expired needs --subscription or --order, because an id alone does not tell whether its link is dead. " +
        nothingDone
    )
  }
  if (source === undefined && Option.isNone(flags.journal)) {
    return yield* Effect.provide(resendByIds(flags, names), layerSeats)
  }
  const layer = Invitations.layer.pipe(Layer.provideMerge(layerJournal(flags.journal)), Layer.provideMerge(layerSeats))
  yield* Effect.provide(resendAll(flags, names, source), layer)
})
