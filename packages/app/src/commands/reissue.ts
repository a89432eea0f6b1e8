import { Invitations } from "@polar-seats/invitations/Invitations"
import type * as Reissue from "@polar-seats/invitations/Reissue"
import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import { NotFound } from "@polar-seats/domain/SeatError"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { layerJournal } from "../config/journal.ts"
import { layerSeats } from "../config/polarLayers.ts"
import { endWithError } from "../exit.ts"
import { confirm } from "../output/confirm.ts"
import { readPolarTime } from "../output/polarTime.ts"
import { printOut } from "../output/print.ts"
import { formatHolder, formatInvitation } from "../output/seatTable.ts"
import type { ReissueFlags } from "./flags.ts"
import { type DoneSeat, forEachSeat, type Report, type Restore } from "./forEachSeat.ts"
import { findSeats, listFailure, listSeats, type NamedSeat, readSeatNames, type SeatName } from "./namedSeats.ts"
import { finishOnce, finishReissue, services as readServices, type Services } from "./reissueSeat.ts"
import { readSource } from "./sourceFlags.ts"

const words = ["reissued"] as const
const nothingDone = "Nothing was mailed."

const printReissued = Effect.fnUntraced(function* ({ seat }: DoneSeat) {
  yield* printOut(`${seat.id}: reissued to ${formatHolder(seat)} (${formatInvitation(seat, yield* readPolarTime)})`)
})

const toDone = (seat: Seat): DoneSeat => ({ outcome: "reissued", seat })

/** The reissues of a source that an earlier command with the same journal left unfinished. */
const readUnfinished = ({ invitations }: Services, source: SeatSource) =>
  Stream.runCollect(
    Stream.filter(invitations.unfinished, ({ source: { _tag, id } }) => _tag === source._tag && id === source.id)
  )

/**
 * Finishes the reissues that an earlier command with the same journal left unfinished, and that this command does not
 * name. Returns their exit codes.
 */
const finishOthers = <R>(services: Services, reissues: ReadonlyArray<Reissue.Reissue>, report: Report<R>) =>
  Effect.forEach(reissues, (reissue) => {
    const named: NamedSeat = { name: reissue.seatId, id: reissue.seatId, seat: undefined }
    return Effect.uninterruptibleMask((restore) =>
      Effect.matchEffect(finishReissue(services, reissue, restore), {
        onSuccess: (seat) => report.done(named, toDone(seat)),
        onFailure: (error) => report.failed(named, error)
      })
    )
  })

const reissueAll = Effect.fnUntraced(function* (
  { again, journal, yes }: ReissueFlags,
  names: ReadonlyArray<SeatName>,
  source: SeatSource
) {
  const services = yield* readServices
  const unfinished = Option.isSome(journal)
    ? yield* Effect.catch(readUnfinished(services, source), (error) =>
        endWithError(error, ` ${nothingDone}`, listFailure(names, words))
      )
    : []
  const all = yield* listSeats(source, names, words, nothingDone)
  const seats = yield* findSeats(
    names,
    all,
    nothingDone,
    // The first half of a reissue has taken the seat away
    unfinished.map(({ address, seatId }) => ({ address: Redacted.value(address), seatId }))
  )

  // The person may have another seat by now, and another person may have this one
  const findUnfinished = ({ id, seat }: NamedSeat) =>
    unfinished.find((reissue) => seat !== undefined && reissue.isSamePerson(seat)) ??
    unfinished.find((reissue) => reissue.seatId === id && (seat === undefined || seat.status === "revoked"))
  const started = new Map<SeatId, Reissue.Reissue | undefined>(seats.map((named) => [named.id, findUnfinished(named)]))
  const named = new Set(started.values())
  const toStart = new Set(
    seats.filter(({ id, seat }) => seat !== undefined && started.get(id) === undefined).map(({ id }) => id)
  )
  if (toStart.size > 1 && !yes) yield* confirm(`Mail ${toStart.size} people a new link?`)

  const reissue = (seat: Seat, restore: Restore) =>
    finishOnce(services, Effect.map(services.invitations.reissue(seat, { again }), toDone), restore)
  yield* forEachSeat({
    seats,
    first: (report) =>
      finishOthers(
        services,
        unfinished.filter((reissue) => !named.has(reissue)),
        report
      ),
    operation: "Seats.list",
    act: ({ id, seat }, restore) => {
      const known = started.get(id)
      if (known === undefined) {
        return seat === undefined ? Effect.fail(new NotFound({ resource: "seat", id })) : reissue(seat, restore)
      }
      return Effect.flatMap(finishReissue(services, known, restore, again), (seat) =>
        Effect.flatMap(readPolarTime, (now) =>
          // The earlier command may have assigned the seat, and its link may be dead or used by now
          seat.status !== "pending" || seat.invitation(now)._tag === "Expired"
            ? reissue(seat, restore)
            : Effect.succeed(toDone(seat))
        )
      )
    },
    words,
    printDone: printReissued
  })
})

/** Mails new links to the holders of seats. */
export const run = Effect.fnUntraced(function* (flags: ReissueFlags) {
  const source = yield* readSource(flags)
  const names = yield* readSeatNames(flags.seats, source, nothingDone)
  const layer = Invitations.layer.pipe(Layer.provideMerge(layerJournal(flags.journal)), Layer.provideMerge(layerSeats))
  yield* Effect.provide(reissueAll(flags, names, source), layer)
})
