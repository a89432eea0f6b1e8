import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import { type Seat, SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { type Ended, endCommand, endWithError, exitCode, type FailureJson, reportInterruption } from "../exit.ts"
import { type DoneWord, notBegunLine, summaryLine } from "../output/seatLines.ts"

/** A seat by its id, or by the address of its holder, as the caller wrote it. */
export interface SeatName {
  readonly name: string
  /** Undefined if `name` is an address. */
  readonly id: SeatId | undefined
}

/** A seat that a command acts on. `seat` is undefined if the command read no list, or if the list does not have it. */
export interface NamedSeat {
  /** The id or the address, as the caller wrote it. */
  readonly name: string
  readonly id: SeatId
  readonly seat: Seat | undefined
}

const decodeId = Schema.decodeResult(SeatId)
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

type Judged<A> = Result.Result<A, string>

/** All of the results, or the end of the command with a line for each that is wrong. */
const requireAll = <A>(
  judged: ReadonlyArray<Judged<A>>,
  nothingDone: string
): Effect.Effect<ReadonlyArray<A>, Ended> => {
  const wrong = judged.flatMap((each) => (Result.isFailure(each) ? [each.failure] : []))
  return wrong.length > 0
    ? endCommand(exitCode.wrongUse, [...wrong, nothingDone])
    : Effect.succeed(judged.flatMap((each) => (Result.isSuccess(each) ? [each.success] : [])))
}

/**
 * Judges the names of all seats. If one is neither an id nor an address, or if an address comes without a source, the command
 * ends with 2 before it does anything.
 */
export const readSeatNames = (
  names: ReadonlyArray<string>,
  source: SeatSource | undefined,
  nothingDone: string
): Effect.Effect<ReadonlyArray<SeatName>, Ended> => {
  const judge = (name: string): Judged<SeatName> => {
    if (name.includes("@")) {
      return source === undefined
        ? Result.fail(`${name}: is an address. To find its seat, name the --subscription or --order.`)
        : Result.succeed({ name, id: undefined })
    }
    return Result.mapBoth(decodeId(name), {
      onFailure: ({ issue }) => `${name}: ${formatIssue(issue).issues[0]?.message ?? "is not a seat id"}`,
      onSuccess: (id) => ({ name, id })
    })
  }
  return requireAll(names.map(judge), nothingDone)
}

/** The JSON if the seats could not be listed: each named seat was not begun. */
export const listFailure =
  (names: ReadonlyArray<SeatName>, words: ReadonlyArray<DoneWord>): FailureJson =>
  (_outcome, error, interrupted) => [
    ...names.map(({ id, name }) => (id === undefined ? notBegunLine(null, { address: name }) : notBegunLine(id, {}))),
    summaryLine(
      names.map(() => "not_begun"),
      words,
      interrupted,
      error
    )
  ]

/** Lists the seats of a source. An error ends the command, before it has done anything. */
export const listSeats = (
  source: SeatSource,
  names: ReadonlyArray<SeatName>,
  words: ReadonlyArray<DoneWord>,
  nothingDone: string
) => {
  const toJson = listFailure(names, words)
  return Effect.flatMap(Seats, (seats) =>
    seats.list(source).pipe(
      Effect.map((list) => list.seats),
      reportInterruption("Seats.list", toJson, ` ${nothingDone}`),
      Effect.catch((error) => endWithError(error, ` ${nothingDone}`, toJson))
    )
  )
}

/** An address and a seat that it names, although no seat on the list has it. */
export interface KnownAddress {
  readonly address: string
  readonly seatId: SeatId
}

/**
 * Finds the named seats on a list. An address may have any spelling. If no seat there has it, or several have it, the
 * command ends with 2 before it does anything. An id that is not on the list is left to the command.
 */
export const findSeats = (
  names: ReadonlyArray<SeatName>,
  seats: ReadonlyArray<Seat>,
  nothingDone: string,
  known: ReadonlyArray<KnownAddress> = []
): Effect.Effect<ReadonlyArray<NamedSeat>, Ended> => {
  const byId = new Map(seats.map((seat) => [seat.id, seat]))
  const byAddress = new Map<string, Set<SeatId>>()
  const add = (address: string, id: SeatId) => {
    const canonical = EmailAddress.canonicalise(address)
    byAddress.set(canonical, (byAddress.get(canonical) ?? new Set()).add(id))
  }
  for (const { holderEmail, id, status } of seats)
    if (holderEmail !== null && status !== "revoked") add(holderEmail, id)
  for (const { address, seatId } of known) if (!byAddress.has(EmailAddress.canonicalise(address))) add(address, seatId)

  const judge = ({ id, name }: SeatName): Judged<NamedSeat> => {
    const [found, ...others] = id === undefined ? (byAddress.get(EmailAddress.canonicalise(name)) ?? []) : [id]
    if (found === undefined) return Result.fail(`${name}: has no seat there.`)
    if (others.length > 0) {
      return Result.fail(
        `${name}: has ${others.length + 1} seats there. Name one by its id: ${[found, ...others].join(" ")}`
      )
    }
    return Result.succeed({ name, id: found, seat: byId.get(found) })
  }
  return requireAll(names.map(judge), nothingDone)
}

/** The seats that were named by their ids alone. */
export const withoutList = (names: ReadonlyArray<SeatName>): ReadonlyArray<NamedSeat> =>
  names.flatMap(({ id, name }) => (id === undefined ? [] : [{ name, id, seat: undefined }]))
