import { checkPositiveDuration, type InvalidOption } from "@polar-seats/domain/InvalidOption"
import * as SecureRandom from "effect/crypto/SecureRandom"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlClient from "effect/sql/SqlClient"
import type { Fragment } from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import { callDatabase, callDatabaseInGroups, maxOutageDefault } from "./internal/databaseCall.ts"
import * as EntryJson from "./internal/entryJson.ts"
import {
  createTable,
  deleteSettled,
  orJournalError,
  type Row,
  type Write,
  writeAll
} from "./internal/journalSqlTable.ts"
import { isSettled } from "./internal/knowledge.ts"
import { pages, textArray } from "./internal/sqlTable.ts"
import { type Entry, Journal, type JournalError, make as makeJournal, seatsOf } from "./Journal.ts"

/** Options of the layer. */
export interface Options {
  /** Processes that name the same run share a journal. Default: `default`. */
  readonly run?: string | undefined
  /** The name of the table. Default: `polar_seats_journal`. */
  readonly table?: string | undefined
  /**
   * How long a mail that is under way counts as alive after the last sign of life of its process. All processes of a
   * journal use the same lease. Default: 1 minute.
   */
  readonly lease?: Duration.Input | undefined
  /** A read or a write survives an outage of the database that is shorter than this. Default: 1 minute. */
  readonly maxOutage?: Duration.Input | undefined
}

const decodeReadable = (rows: Stream.Stream<Row, JournalError>): Stream.Stream<Entry, JournalError> =>
  rows.pipe(
    Stream.mapEffect(({ entry }) =>
      Effect.catchTag(EntryJson.decode(entry), "UnreadableEntry", () => Effect.undefined)
    ),
    Stream.filter((entry) => entry !== undefined)
  )

const writeOf = (entry: Entry, text: string, found: Entry | undefined, write: string): Write => ({
  id: entry.key,
  found: found?.version ?? null,
  found_at: found === undefined ? null : found.at.epochMilliseconds,
  at: entry.at.epochMilliseconds,
  version: entry.version,
  seats: [...new Set(seatsOf(entry))],
  is_open: entry.attempt !== null,
  is_settled: isSettled(entry),
  write,
  entry: text
})

const tableDefault = "polar_seats_journal"
const runDefault = "default"

const make = Effect.fnUntraced(function* ({
  lease = "1 minute",
  maxOutage: outage = maxOutageDefault,
  run = runDefault,
  table = tableDefault
}: Options) {
  const maxOutage = yield* checkPositiveDuration("maxOutage", outage)
  const client = yield* SqlClient.SqlClient
  const call = callDatabase(client, maxOutage)
  const sql = client.withoutTransforms()
  const name = sql(table)
  yield* orJournalError(createTable(table, maxOutage))
  const readPages = (where: Fragment) =>
    decodeReadable(
      pages((after, limit) =>
        orJournalError(
          call(sql<Row>`SELECT id, entry FROM ${name} WHERE ${where} AND id > ${after} ORDER BY id LIMIT ${limit}`)
        )
      )
    )

  const getRow = yield* callDatabaseInGroups(
    client,
    maxOutage,
    (key: string) => key,
    (keys) =>
      Effect.map(
        sql<Row>`SELECT id, entry FROM ${name} WHERE run = ${run} AND id = ANY(${textArray(sql, keys)})`,
        (rows) => {
          const entries = new Map(rows.map(({ entry, id }) => [id, entry]))
          return (key) => entries.get(key)
        }
      )
  )
  const writeRow = yield* callDatabaseInGroups(
    client,
    maxOutage,
    ({ id }: Write) => id,
    (writes) =>
      Effect.map(writeAll(sql, table, run, writes), (rows) => {
        const written = new Set(rows.map(({ write }) => write))
        return ({ write }) => written.has(write)
      })
  )

  // Random numbers for each write would cost as much as the rest of it
  const writer = SecureRandom.uuidV4Unsafe()
  let writes = 0
  return yield* makeJournal({
    isShared: true,
    lease: yield* checkPositiveDuration("lease", lease),
    get: (key) =>
      Effect.flatMap(orJournalError(getRow(key)), (entry) =>
        entry === undefined ? Effect.undefined : EntryJson.decode(entry)
      ),
    ofSeat: (seatId) =>
      Effect.flatMap(
        orJournalError(
          call(sql<Row>`SELECT id, entry FROM ${name} WHERE run = ${run} AND seats @> ARRAY[${seatId}]::TEXT[]`)
        ),
        (rows) => Effect.forEach(rows, ({ entry }) => EntryJson.decode(entry))
      ),
    replace: (entry, found) =>
      Effect.flatMap(EntryJson.encode(entry), (text) =>
        // If a connection breaks before it answers, the statement is sent again and finds its own write
        orJournalError(writeRow(writeOf(entry, text, found, `${writer}/${++writes}`)))
      ),
    entries: readPages(sql`run = ${run}`),
    attempts: readPages(sql`run = ${run} AND is_open`)
  })
})

/** Options of `prune`. */
export interface PruneOptions extends Pick<Options, "run" | "table" | "maxOutage"> {
  /** How long ago an entry was written last. It must be longer than every `cooldown` in use. */
  readonly olderThan: Duration.Input
}

/**
 * Deletes old entries, and returns how many there were. It keeps each entry that tells of a mail in doubt, or of a mail or
 * a reissue that somebody is at work on. Nobody is mailed again because of it, as long as `olderThan` is longer than every
 * cooldown. It deletes 1,000 entries at a time, and workers may run meanwhile.
 */
export const prune = Effect.fn("JournalSql.prune")(function* ({
  maxOutage: outage = maxOutageDefault,
  olderThan: age,
  run = runDefault,
  table = tableDefault
}: PruneOptions): Effect.fn.Return<number, JournalError | InvalidOption, SqlClient.SqlClient> {
  const olderThan = yield* checkPositiveDuration("olderThan", age)
  const maxOutage = yield* checkPositiveDuration("maxOutage", outage)
  const client = yield* SqlClient.SqlClient
  yield* orJournalError(createTable(table, maxOutage))
  const settled = deleteSettled(client.withoutTransforms(), table, run, olderThan)
  const page = orJournalError(callDatabase(client, maxOutage)(settled))
  let deleted = 0
  while (true) {
    const { length } = yield* page
    deleted += length
    if (length === 0) return deleted
  }
})

/**
 * A journal in a table of PostgreSQL. Any number of processes may share it. The table is created if it is missing, and
 * holds addresses in the clear. Do not write to the journal in a transaction of yours: its entries have to outlast it.
 *
 * While the database restarts or takes no more connections, reads and writes wait for up to `maxOutage`. An interruption
 * waits no longer than half a second for them. A write that has left by then may still take place.
 *
 * Entries that are read or written at the same time share a statement, and the journal takes three connections at most.
 */
export const layer = (options: Options = {}): Layer.Layer<Journal, JournalError | InvalidOption, SqlClient.SqlClient> =>
  Layer.effect(Journal, make(options))
