import { Invitations, type ReissueError } from "@polar-seats/invitations/Invitations"
import { Journal } from "@polar-seats/invitations/Journal"
import * as Reissue from "@polar-seats/invitations/Reissue"
import { type Seat, SeatId } from "@polar-seats/domain/Seat"
import { NotFound } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { layerJournal } from "../config/journal.ts"
import { layerSeats } from "../config/polarLayers.ts"
import { endWithError, reportInterruption } from "../exit.ts"
import { confirm } from "../output/confirm.ts"
import { readPolarTime } from "../output/polarTime.ts"
import { printOut } from "../output/print.ts"
import { formatHolder, formatInvitation } from "../output/seatTable.ts"
import type { ReissueFlags } from "./flags.ts"
import { forEachSeat, printSeat, reportError, type Restore } from "./forEachSeat.ts"
import { readSource } from "./sourceFlags.ts"

const printReissued = Effect.fnUntraced(function* (seat: Seat) {
  yield* printOut(`${seat.id}: reissued to ${formatHolder(seat)} (${formatInvitation(seat, yield* readPolarTime)})`)
})

/** The services of this command. */
interface Services {
  readonly invitations: Invitations["Service"]
  readonly journal: Journal["Service"]
}

/**
 * Finishes a reissue that was started. If the journal still has it as unfinished afterwards, an interruption and every
 * error that stopped it are a `ReissueIncomplete`.
 */
const finishReissue = ({ invitations, journal }: Services, reissue: Reissue.Reissue, restore: Restore) =>
  Effect.catchCause(
    restore(invitations.finish(reissue)),
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

/** Reissues a seat. If the reissue stops half way, the second half is tried once more at once. */
const reissueSeat = (services: Services, seat: Seat, restore: Restore) =>
  Effect.catchCause(restore(services.invitations.reissue(seat)), (cause): Effect.Effect<Seat, ReissueError> => {
    const error = Option.getOrUndefined(Cause.findErrorOption(cause))
    if (error === undefined) return Effect.failCause(cause)
    if (error._tag !== "ReissueIncomplete" || Cause.hasInterrupts(cause)) return Effect.fail(error)
    return Effect.mapError(finishReissue(services, error.reissue, restore), (second) =>
      // The first error says more than that the reissue still has to wait
      second._tag === "ReissueIncomplete" && second.error === null ? error : second
    )
  })

/**
 * Finishes the reissues that an earlier command with the same journal left unfinished, and that this command does not
 * name. Returns their exit codes.
 */
const finishOthers = (services: Services, reissues: ReadonlyArray<Reissue.Reissue>) =>
  Effect.forEach(reissues, (reissue) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.matchEffect(finishReissue(services, reissue, restore), {
        onSuccess: (seat) => Effect.as(printSeat(seat, printReissued), 0),
        onFailure: (error) => reportError(reissue.seatId, error)
      })
    )
  )

const decodeId = Schema.decodeOption(SeatId)

const reissueAll = Effect.fnUntraced(function* ({ ids: given, journal, yes, ...sourceFlags }: ReissueFlags) {
  const source = yield* readSource(sourceFlags)
  const services = { invitations: yield* Invitations, journal: yield* Journal }
  const inSource = Stream.filter(
    services.invitations.unfinished,
    ({ source: { _tag, id } }) => _tag === source._tag && id === source.id
  )
  const unfinished = Option.isSome(journal) ? yield* Effect.catch(Stream.runCollect(inSource), endWithError) : []
  const seats = yield* Seats
  const { seats: all } = yield* seats.list(source).pipe(reportInterruption("Seats.list"), Effect.catch(endWithError))
  const known = new Map(all.map((seat) => [seat.id, seat]))
  const ids = new Set(given.flatMap((id) => Option.toArray(decodeId(id))))

  // The person may have another seat by now, and another person may have this one
  const findUnfinished = (id: SeatId) => {
    const seat = known.get(id)
    return (
      unfinished.find((reissue) => seat !== undefined && reissue.isSamePerson(seat)) ??
      unfinished.find((reissue) => reissue.seatId === id && (seat === undefined || seat.status === "revoked"))
    )
  }
  const started = new Map(Array.from(ids, (id) => [id, findUnfinished(id)]))
  const named = new Set(started.values())
  const toStart = Array.from(ids).filter((id) => known.has(id) && started.get(id) === undefined)
  if (toStart.length > 1 && !yes) yield* confirm(`Mail ${toStart.length} people a new link?`)
  yield* forEachSeat({
    ids: given,
    first: finishOthers(
      services,
      unfinished.filter((reissue) => !named.has(reissue))
    ),
    operation: "Seats.list",
    act: (id, restore) => {
      const reissue = started.get(id)
      if (reissue !== undefined) {
        return Effect.flatMap(finishReissue(services, reissue, restore), (seat) =>
          Effect.flatMap(readPolarTime, (now) =>
            // The earlier command may have assigned the seat, and its link may be dead or used by now
            seat.status !== "pending" || seat.invitation(now)._tag === "Expired"
              ? reissueSeat(services, seat, restore)
              : Effect.succeed(seat)
          )
        )
      }
      const seat = known.get(id)
      return seat === undefined
        ? Effect.fail(new NotFound({ resource: "seat", id }))
        : reissueSeat(services, seat, restore)
    },
    doneWord: "reissued",
    printDone: printReissued
  })
})

/** Mails new links to the holders of seats. */
export const run = (flags: ReissueFlags) =>
  Effect.provide(
    reissueAll(flags),
    Invitations.layer.pipe(Layer.provideMerge(layerJournal(flags.journal)), Layer.provideMerge(layerSeats))
  )
