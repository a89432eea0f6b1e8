import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Journal, JournalStep } from "@polar-seats/invitations/Journal"
import { SeatId } from "@polar-seats/domain/Seat"
import * as JournalSql from "@polar-seats/invitations/JournalSql"
import { Effect, Layer, Redacted, Stream } from "effect"
import { afterAll, describe } from "vitest"
import { laws } from "./journalLaws.ts"
import { startPostgres } from "./postgres.ts"

const postgres = await startPostgres()
afterAll(postgres.stop)

const seatId = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
const resendStarted = JournalStep.cases.ResendStarted.make({ seatId })

const client = PgClient.layer({ url: Redacted.make(postgres.url), maxConnections: 4 })
const layerOf = (options?: JournalSql.Options) => Layer.provide(JournalSql.layer(options), client)

describe.skipIf(postgres.isMissing)(`on PostgreSQL${postgres.why}`, () => {
  laws("PostgreSQL", { layer: layerOf(), isLasting: true, isShared: true })

  it.live("creates one table when many journals start at once", () =>
    Effect.gen(function* () {
      const all = yield* Effect.all(
        Array.from({ length: 8 }, () =>
          Effect.flatMap(Journal, (journal) => journal.put("first", resendStarted, undefined)).pipe(
            Effect.provide(layerOf({ table: "made_at_once" }), { local: true })
          )
        ),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(all.filter((entry) => entry !== undefined).length, 1)
    })
  )

  it.live("streams more entries than fit on a page", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const keys = Array.from({ length: 2001 }, (_, index) => `key/${index}`)
      yield* Effect.forEach(keys, (key) => journal.put(key, resendStarted, undefined), { concurrency: 4 })
      const all = yield* Stream.runCollect(journal.entries)
      assert.deepStrictEqual(all.map(({ key }) => key).toSorted(), keys.toSorted())
    }).pipe(Effect.provide(layerOf({ table: "pages" })))
  )

  it.live("keeps the runs of one table apart", () =>
    Effect.gen(function* () {
      const put = Effect.flatMap(Journal, (journal) => journal.put("same", resendStarted, undefined))
      const one = layerOf({ run: "one", table: "runs" })
      const other = layerOf({ run: "other", table: "runs" })
      assert.isDefined(yield* Effect.provide(put, one))
      assert.isDefined(yield* Effect.provide(put, other))
      const entries = Effect.flatMap(Journal, (journal) => Stream.runCollect(journal.entries))
      assert.strictEqual((yield* Effect.provide(entries, one)).length, 1)
    })
  )

  it.live("fails the layer if the database is missing, without showing the password", () =>
    Effect.gen(function* () {
      const url = Redacted.make("postgres://postgres:s3cret-database@127.0.0.1:1/postgres")
      const nowhere = Layer.provide(JournalSql.layer(), PgClient.layer({ url }))
      const error = yield* Effect.flip(Effect.provide(Journal, nowhere))
      assert.notInclude(String(error) + JSON.stringify(error), "s3cret")
    })
  )

  it.live("fails with JournalError on a malformed entry and on a missing table", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const journal = yield* Journal
      yield* journal.put("spoilt/ann@acme.com", resendStarted, undefined)
      yield* sql`UPDATE spoilt SET entry = '{"key":"spoilt/ann@acme.com"}'`
      const error = yield* Effect.flip(journal.get("spoilt/ann@acme.com"))
      assert.strictEqual(error._tag, "JournalError")
      assert.notInclude(error.message, "ann@acme.com")
      yield* sql`DROP TABLE spoilt`
      assert.strictEqual((yield* Effect.flip(journal.put("b", resendStarted, undefined)))._tag, "JournalError")
    }).pipe(Effect.provide(Layer.provideMerge(JournalSql.layer({ table: "spoilt" }), client)))
  )
})
