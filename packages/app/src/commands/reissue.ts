import { Invitations, type ReissueError } from "@polar-seats/invitations/Invitations"
import * as Reissue from "@polar-seats/invitations/Reissue"
import { type Seat, SeatId } from "@polar-seats/domain/Seat"
import { NotFound } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { assignByHand } from "../output/assignCommand.ts"
import { confirm } from "../output/confirm.ts"
import { eachSeat, printFailure, printSeat } from "./forEachSeat.ts"
import * as JournalLayer from "../config/journal.ts"
import {
  complain,
  exitCodeOf,
  interrupted,
  outcomeOf,
  refuse,
  type Refusal,
  say,
  tellInterrupted
} from "../output/print.ts"
import * as Polar from "../config/polarLayers.ts"
import { root } from "../globalFlags.ts"
import { describeHolder, describeInvitation } from "../output/seatTable.ts"
import { oneSource, type SourceFlags } from "./sourceFlags.ts"

interface Flags extends SourceFlags {
  readonly ids: ReadonlyArray<string>
  readonly journal: Option.Option<string>
  readonly yes: boolean
}

type Restore = <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E>

const tell = Effect.fnUntraced(function* (seat: Seat) {
  yield* say(`${seat.id}: reissued to ${describeHolder(seat)} (${describeInvitation(seat, yield* DateTime.now)})`)
})

/** Says what to do about a seat that may be revoked and not assigned again. */
const describe = (error: Refusal): string =>
  error._tag === "ReissueIncomplete" ? `${error.message} To finish it: ${assignByHand(error.reissue)}` : error.message

/** Ends a reissue that was begun. Where that fails, an interruption included, it is still one that was begun. */
const finishOnce = (
  { finish }: Invitations["Service"],
  reissue: Reissue.Reissue,
  restore: Restore
): Effect.Effect<Seat, Reissue.ReissueIncomplete> =>
  Effect.catchCause(restore(finish(reissue)), (cause) => {
    const error = Option.getOrNull(Cause.findErrorOption(cause))
    if (error?._tag === "ReissueIncomplete") return Effect.fail(error)
    const isTold = error?._tag !== "AlreadyClaimed" && error?._tag !== "InvitationUnavailable"
    return Effect.fail(new Reissue.ReissueIncomplete({ reissue, error: isTold ? error : null }))
  })

/** Reissues a seat. Where that stops half way, what is left is tried once more at once. */
const reissueOnce = (
  invitations: Invitations["Service"],
  seat: Seat,
  restore: Restore
): Effect.Effect<Seat, ReissueError> =>
  Effect.catchCause(restore(invitations.reissue(seat)), (cause) => {
    const error = Option.getOrUndefined(Cause.findErrorOption(cause))
    if (error === undefined) return Effect.failCause(cause)
    return error._tag === "ReissueIncomplete" && !Cause.hasInterrupts(cause)
      ? finishOnce(invitations, error.reissue, restore)
      : Effect.fail(error)
  })

const sameSource = (one: SeatSource, other: { readonly _tag: string; readonly id: string }) =>
  one._tag === other._tag && one.id === other.id

/** Ends what an earlier command with the same journal left unfinished, and this one does not name. */
const finishAll = Effect.fnUntraced(function* (
  invitations: Invitations["Service"],
  reissues: ReadonlyArray<Reissue.Reissue>
) {
  const { json } = yield* root
  return yield* Effect.forEach(reissues, (reissue) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.matchEffect(finishOnce(invitations, reissue, restore), {
        onSuccess: (seat) => Effect.as(json ? printSeat(seat) : tell(seat), 0),
        onFailure: (error) =>
          Effect.gen(function* () {
            const { seatId: id } = reissue
            const message = describe(error)
            yield* complain(`${id}: ${message}`)
            if (json) yield* printFailure({ id, outcome: outcomeOf(error) }, { _tag: error._tag, message })
            return exitCodeOf(error)
          })
      })
    )
  )
})

const decodeId = Schema.decodeOption(SeatId)

const reissueAll = Effect.fnUntraced(function* ({ ids: named, journal, yes, ...where }: Flags) {
  const source = yield* oneSource(where)
  const invitations = yield* Invitations
  const unfinished = Stream.filter(invitations.unfinished, (each) => sameSource(source, each.source))
  const left = Option.isSome(journal) ? yield* Effect.catch(Stream.runCollect(unfinished), refuse) : []
  const seats = yield* Seats
  const { seats: all } = yield* seats.list(source).pipe(tellInterrupted("Seats.list"), Effect.catch(refuse))
  const known = new Map(all.map((seat) => [seat.id, seat]))
  const ids = new Set(named.flatMap((id) => Option.toArray(decodeId(id))))

  // The person may sit in another row by now, and somebody else in theirs
  const leftOf = (id: SeatId) => {
    const seat = known.get(id)
    return (
      left.find((reissue) => seat !== undefined && reissue.isSamePerson(seat)) ??
      left.find((reissue) => reissue.seatId === id && (seat === undefined || seat.status === "revoked"))
    )
  }
  const begun = new Map(Array.from(ids, (id) => [id, leftOf(id)]))
  const isNamed = new Set(begun.values())
  const renewed = Array.from(ids).filter((id) => known.has(id) && begun.get(id) === undefined)
  if (renewed.length > 1 && !yes) yield* confirm(`Mail ${renewed.length} people a new link?`)
  yield* eachSeat({
    ids: named,
    first: finishAll(
      invitations,
      left.filter((reissue) => !isNamed.has(reissue))
    ),
    interrupted: interrupted("Seats.list"),
    act: (id, restore) => {
      const reissue = begun.get(id)
      if (reissue !== undefined) {
        return Effect.flatMap(finishOnce(invitations, reissue, restore), (seat) =>
          Effect.flatMap(DateTime.now, (now) =>
            // What an earlier command assigned may be an old link by now, or claimed
            seat.status !== "pending" || seat.invitation(now)._tag === "Expired"
              ? reissueOnce(invitations, seat, restore)
              : Effect.succeed(seat)
          )
        )
      }
      const seat = known.get(id)
      return seat === undefined
        ? Effect.fail(new NotFound({ resource: "seat", id }))
        : reissueOnce(invitations, seat, restore)
    },
    describe,
    done: "reissued",
    tell
  })
})

/** Gives the holders of seats new links. */
export const run = (flags: Flags) =>
  Effect.provide(
    reissueAll(flags),
    Invitations.layer.pipe(Layer.provideMerge(JournalLayer.layer(flags.journal)), Layer.provideMerge(Polar.seats))
  )
