import { Invitations, type ReissueError } from "@polar-seats/domain/Invitations"
import { ReissueIncomplete } from "@polar-seats/domain/Reissue"
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
import { assignByHand } from "./ByHand.ts"
import { confirm } from "./Confirm.ts"
import { eachSeat, printSeat } from "./EachSeat.ts"
import * as JournalLayer from "./JournalLayer.ts"
import { complain, exitCodeOf, Ended, interrupted, refuse, type Refusal, say, tellInterrupted } from "./Outcome.ts"
import * as Polar from "./Polar.ts"
import { root } from "./Root.ts"
import { describeHolder, describeInvitation } from "./SeatTable.ts"
import { oneSource, type SourceFlags } from "./Source.ts"

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

/**
 * Reissues a seat. Where that stops half way, what is left is tried once more at once; what that ends with, an
 * interruption included, is still an incomplete reissue.
 */
const reissueOnce = (
  { finish, reissue }: Invitations["Service"],
  seat: Seat,
  restore: Restore
): Effect.Effect<Seat, ReissueError> =>
  Effect.catchCause(restore(reissue(seat)), (cause) => {
    const error = Option.getOrUndefined(Cause.findErrorOption(cause))
    return error?._tag !== "ReissueIncomplete" || Cause.hasInterrupts(cause)
      ? error === undefined
        ? Effect.failCause(cause)
        : Effect.fail(error)
      : Effect.catchCause(restore(finish(error)), (cause) => {
          const second = Option.getOrUndefined(Cause.findErrorOption(cause))
          return Effect.fail(second?._tag === "ReissueIncomplete" ? second : error)
        })
  })

const sameSource = (one: SeatSource, other: { readonly _tag: string; readonly id: string }) =>
  one._tag === other._tag && one.id === other.id

/** Ends what an earlier command with the same journal left unfinished. */
const finishWhatIsLeft = Effect.fnUntraced(function* (source: SeatSource) {
  const { json } = yield* root
  const { finish, unfinished } = yield* Invitations
  const left = yield* Stream.runCollect(Stream.filter(unfinished, (each) => sameSource(source, each.source)))
  const codes = yield* Effect.forEach(left, (reissue) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.matchCauseEffect(restore(finish(reissue)), {
        onSuccess: (seat) => Effect.as(json ? printSeat(seat) : tell(seat), 0),
        onFailure: (cause) => {
          const found = Option.getOrUndefined(Cause.findErrorOption(cause))
          // It was not ended, whatever came in between
          const error = found ?? new ReissueIncomplete({ reissue, error: null })
          return Effect.as(complain(`${reissue.seatId}: ${describe(error)}`), exitCodeOf(error))
        }
      })
    )
  )
  return Math.max(0, ...codes)
})

const decodeId = Schema.decodeOption(SeatId)

const reissueAll = Effect.fnUntraced(function* ({ ids, journal, yes, ...where }: Flags) {
  const source = yield* oneSource(where)
  const invitations = yield* Invitations
  const code = Option.isSome(journal) ? yield* Effect.catch(finishWhatIsLeft(source), refuse) : 0
  const seats = yield* Seats
  const { seats: all } = yield* seats.list(source).pipe(tellInterrupted("Seats.list"), Effect.catch(refuse))
  const known = new Map(all.map((seat) => [seat.id, seat]))
  const found = new Set(ids.flatMap((id) => Option.toArray(decodeId(id)).filter((id) => known.has(id))))
  if (found.size > 1 && !yes) yield* confirm(`Mail ${found.size} people a new link?`)
  yield* eachSeat({
    ids,
    interrupted: interrupted("Seats.list"),
    act: (id, restore) => {
      const seat = known.get(id)
      return seat === undefined
        ? Effect.fail(new NotFound({ resource: "seat", id }))
        : reissueOnce(invitations, seat, restore)
    },
    describe,
    done: "reissued",
    tell
  })
  if (code !== 0) return yield* new Ended({ code })
})

/** Gives the holders of seats new links. */
export const run = (flags: Flags) =>
  Effect.provide(
    reissueAll(flags),
    Invitations.layer.pipe(Layer.provideMerge(JournalLayer.layer(flags.journal)), Layer.provideMerge(Polar.seats))
  )
