import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { type Seat, SeatId } from "@polar-seats/domain/Seat"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import { Timestamp } from "@polar-seats/domain/Timestamp"
import type { ReminderOutcome } from "../Reminder.ts"
import { describeSqlFailure, makeTable, pages } from "./sqlTable.ts"

/** The database of the run cannot be used, so this worker has stopped. The other workers get its seats. */
export class SharedRunError extends Schema.TaggedError<SharedRunError>()("SharedRunError", {
  description: Schema.String
}) {
  override get message() {
    return `The shared run stopped here: ${this.description}. Its seats go to the other workers. To continue the run, start a worker again.`
  }
}

/** The outcome of a seat, for all workers to read. It holds the address in the clear. */
export class SeatResult extends Schema.Class<SeatResult>("SeatResult")({
  seatId: SeatId,
  address: Schema.NullOr(Schema.String),
  /**
   * The tag of the `ReminderOutcome`. If a worker is killed after a mail and before it writes the result, another worker
   * finds the mail in the journal. The result is then `Skipped` because of `MailedRecently`.
   */
  outcome: Schema.Literals(["Resent", "Reissued", "Skipped", "Failed", "InDoubt"]),
  /** The tag of the `Skip` or of the error. */
  why: Schema.NullOr(Schema.String),
  message: Schema.NullOr(Schema.String),
  at: Timestamp
}) {}

/** How far a run has come. */
export interface Progress {
  /** The seats in the run. */
  readonly offered: number
  /** The seats in the run that have an outcome. */
  readonly settled: number
  /** Whether every source was offered completely and every seat has an outcome. */
  readonly isDone: boolean
}

// If a seat comes again after it was mailed, its mail stays the result: a heavier outcome is never replaced by a lighter one
const weightOf = (outcome: SeatResult["outcome"]): number => {
  switch (outcome) {
    case "Resent":
    case "Reissued":
      return 3
    case "InDoubt":
      return 2
    case "Skipped":
    case "Failed":
      return 1
  }
}

// The id is that of the seat that was offered: a finished reissue may end in another row
const resultOf = ({ id }: Seat, outcome: ReminderOutcome, at: DateTime.Utc): SeatResult => {
  const { _tag, address } = outcome
  const fields = { seatId: id, address, outcome: _tag, at }
  switch (_tag) {
    case "Skipped":
      return new SeatResult({ ...fields, why: outcome.why._tag, message: null })
    case "Failed":
      return new SeatResult({ ...fields, why: outcome.error._tag, message: outcome.error.message })
    default:
      return new SeatResult({ ...fields, why: null, message: null })
  }
}

const ResultJson = Schema.fromJsonString(Schema.toCodecJson(SeatResult))
const encodeResult = Schema.encodeEffect(ResultJson)
const decodeResult = Schema.decodeEffect(ResultJson)

/** Turns a failure of the database into a `SharedRunError`. */
export const orSharedRunError = Effect.mapError(
  (error: Parameters<typeof describeSqlFailure>[0]) => new SharedRunError({ description: describeSqlFailure(error) })
)

const idOfSeat = (seat: { readonly id: SeatId }) => `seat/${seat.id}`
const idOfSource = (source: SeatSource) => `source/${source._tag.toLowerCase()}/${source.id}`

/**
 * The table of a run: a row for each seat, and one for each source. The weight of a row is null until the seat has an
 * outcome, or until the source was offered completely.
 */
export const make = Effect.fnUntraced(function* (table: string, run: string) {
  const sql = (yield* SqlClient.SqlClient).withoutTransforms()
  const name = sql(table)
  yield* makeTable(table, [
    sql`CREATE TABLE IF NOT EXISTS ${name} (
        run VARCHAR(255) NOT NULL,
        id VARCHAR(255) NOT NULL,
        weight INTEGER,
        result TEXT,
        PRIMARY KEY (run, id)
      )`
  ])

  const insert = (ids: ReadonlyArray<string>) => {
    const rows: ReadonlyArray<Record<string, unknown>> = ids.map((id) => ({ run, id }))
    return Arr.isReadonlyArrayNonEmpty(rows)
      ? orSharedRunError(sql`INSERT INTO ${name} ${sql.insert(rows)} ON CONFLICT DO NOTHING`)
      : Effect.void
  }

  const openSources = Effect.fnUntraced(function* (sources: ReadonlyArray<SeatSource>) {
    const ids = sources.map(idOfSource)
    yield* insert(ids)
    yield* orSharedRunError(sql`UPDATE ${name} SET weight = NULL WHERE run = ${run} AND ${sql.in("id", ids)}`)
  })

  const dropOpenSources = (sources: ReadonlyArray<SeatSource>) =>
    orSharedRunError(
      sql`DELETE FROM ${name} WHERE run = ${run} AND weight IS NULL AND ${sql.in("id", sources.map(idOfSource))}`
    )

  const closeSource = (source: SeatSource) =>
    orSharedRunError(sql`UPDATE ${name} SET weight = 0 WHERE run = ${run} AND id = ${idOfSource(source)}`)

  const addSeats = Effect.fnUntraced(function* (seats: ReadonlyArray<Seat>) {
    for (let start = 0; start < seats.length; start += 500) {
      yield* insert(seats.slice(start, start + 500).map(idOfSeat))
    }
  })

  const settle = Effect.fnUntraced(function* (seat: Seat, outcome: ReminderOutcome) {
    const result = yield* Effect.orDie(encodeResult(resultOf(seat, outcome, yield* DateTime.now)))
    yield* orSharedRunError(
      sql`INSERT INTO ${name} (run, id, weight, result)
        VALUES (${run}, ${idOfSeat(seat)}, ${weightOf(outcome._tag)}, ${result})
        ON CONFLICT (run, id) DO UPDATE SET weight = EXCLUDED.weight, result = EXCLUDED.result
        WHERE ${name}.weight IS NULL OR ${name}.weight <= EXCLUDED.weight`
    )
  })

  const progress = orSharedRunError(
    sql<Record<"items" | "settled" | "sources" | "listed", number>>`SELECT
      CAST(COUNT(*) AS INTEGER) AS items,
      CAST(COUNT(weight) AS INTEGER) AS settled,
      CAST(COUNT(CASE WHEN id LIKE 'source/%' THEN 1 END) AS INTEGER) AS sources,
      CAST(COUNT(CASE WHEN id LIKE 'source/%' THEN weight END) AS INTEGER) AS listed
      FROM ${name} WHERE run = ${run}`
  ).pipe(
    Effect.map(([row]): Progress => {
      const { items, listed, settled, sources } = row ?? { items: 0, listed: 0, settled: 0, sources: 0 }
      return { offered: items - sources, settled: settled - listed, isDone: sources > 0 && items === settled }
    })
  )

  const results = pages((after, limit) =>
    orSharedRunError(
      sql<{ readonly id: string; readonly result: string }>`SELECT id, result FROM ${name}
        WHERE run = ${run} AND result IS NOT NULL AND id > ${after} ORDER BY id LIMIT ${limit}`
    )
  ).pipe(
    Stream.mapEffect(({ result }) =>
      Effect.mapError(decodeResult(result), () => new SharedRunError({ description: "a result cannot be decoded" }))
    )
  )

  return { openSources, dropOpenSources, closeSource, addSeats, settle, progress, results }
})
