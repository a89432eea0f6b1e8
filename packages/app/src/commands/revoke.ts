import { NotFound } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import * as Effect from "effect/Effect"
import { layerSeats } from "../config/polarLayers.ts"
import { confirm } from "../output/confirm.ts"
import { printOut } from "../output/print.ts"
import { formatHolder } from "../output/seatTable.ts"
import type { RevokeFlags } from "./flags.ts"
import { type DoneSeat, forEachSeat } from "./forEachSeat.ts"
import { findSeats, listSeats, type NamedSeat, readSeatNames, withoutList } from "./namedSeats.ts"
import { readOptionalSource } from "./sourceFlags.ts"

const words = ["revoked"] as const
const nothingDone = "Nothing was revoked."

// Polar's answer still names the former holder, unless the seat was revoked before
const printRevoked = ({ seat }: DoneSeat) =>
  printOut(seat.holderEmail === null ? `${seat.id}: revoked` : `${seat.id}: revoked from ${seat.holderEmail}`)

const shown = 10

/** The question that precedes a revocation. Undefined if no person can lose access. */
const questionFor = (seats: ReadonlyArray<NamedSeat>, isListed: boolean): string | undefined => {
  const ids = new Set(seats.map(({ id }) => id))
  if (!isListed) {
    return ids.size === 1
      ? "Revoke the seat? It may be claimed, and its holder loses access then."
      : `Revoke ${ids.size} seats? They may be claimed, and their holders lose access then.`
  }
  const claimed = new Set(
    seats.flatMap(({ seat }) =>
      seat === undefined || seat.status === "pending" || seat.status === "revoked" ? [] : [seat]
    )
  )
  const [one] = claimed
  if (one === undefined) return undefined
  if (claimed.size === 1) return `Revoke a claimed seat? ${formatHolder(one)} loses access.`
  const holders = Array.from(claimed, formatHolder).slice(0, shown).join(", ")
  const others = claimed.size > shown ? ` and ${claimed.size - shown} more` : ""
  return `Revoke ${claimed.size} claimed seats? ${holders}${others} lose access.`
}

/** Revokes seats. */
export const run = Effect.fnUntraced(function* ({ seats: given, yes, ...sourceFlags }: RevokeFlags) {
  const source = yield* readOptionalSource(sourceFlags)
  const names = yield* readSeatNames(given, source, nothingDone)
  const seats =
    source === undefined
      ? withoutList(names)
      : yield* findSeats(names, yield* listSeats(source, names, words, nothingDone), nothingDone)
  const question = questionFor(seats, source !== undefined)
  if (question !== undefined && !yes) yield* confirm(question, "revoke")
  const { revoke } = yield* Seats
  yield* forEachSeat({
    seats,
    operation: "Seats.revoke",
    act: ({ id, seat }, restore) =>
      // A seat elsewhere may be claimed, and nobody was asked about it
      source !== undefined && seat === undefined
        ? Effect.fail(new NotFound({ resource: "seat", id }))
        : Effect.map(restore(revoke(id)), (seat) => ({ outcome: "revoked", seat })),
    words,
    printDone: printRevoked
  })
}, Effect.provide(layerSeats))
