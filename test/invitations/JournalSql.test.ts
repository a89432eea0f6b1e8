import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { type Content, Journal } from "@polar-seats/invitations/Journal"
import * as JournalSql from "@polar-seats/invitations/JournalSql"
import { Effect, Layer, Redacted, Stream } from "effect"
import { afterAll, describe } from "vitest"
import { startProxy } from "./databaseProxy.ts"
import { content, doubted, laws, mailed, resendStarted, seatId } from "./journalLaws.ts"
import { startPostgres } from "../../scripts/postgres.ts"

const postgres = await startPostgres()
afterAll(postgres.stop)

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

  it.live("takes at most three connections, however many entries are read and written at once", () =>
    Effect.gen(function* () {
      const proxy = yield* Effect.acquireRelease(
        Effect.promise(() => startProxy(postgres.url)),
        ({ stop }) => Effect.sync(stop)
      )
      const client = PgClient.layer({ url: Redacted.make(proxy.url), maxConnections: 10 })
      const keys = Array.from({ length: 100 }, (_, index) => `key/${index}`)
      yield* Effect.gen(function* () {
        const { get, ofSeat, put } = yield* Journal
        const all = yield* Effect.forEach(
          keys,
          (key) => Effect.all([put(key, doubted, undefined), get(key), ofSeat(seatId)], { concurrency: "unbounded" }),
          { concurrency: "unbounded" }
        )
        assert.isTrue(all.every(([written]) => written !== undefined))
        assert.isAtMost(proxy.connections(), 3)
      }).pipe(Effect.provide(Layer.provide(JournalSql.layer({ table: "connections" }), client)))
    }).pipe(Effect.scoped)
  )

  it.live("prunes old entries, and keeps whatever is under way, in doubt, recent or of another run", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const table = "pruned"
      const entriesOf = (run: string) =>
        Effect.flatMap(Journal, ({ entries }) => Stream.runCollect(entries)).pipe(
          Effect.map((all) => all.map(({ key }) => key).toSorted()),
          Effect.provide(layerOf({ run, table }))
        )
      const write = (run: string, keys: Readonly<Record<string, Content>>) =>
        Effect.flatMap(Journal, ({ put }) =>
          Effect.forEach(Object.entries(keys), ([key, content]) => put(key, content, undefined))
        ).pipe(Effect.provide(layerOf({ run, table })))
      const many = Array.from({ length: 1200 }, (_, index) => [`mailed/${index}`, mailed] as const)
      yield* write("one", { ...Object.fromEntries(many), doubted, underWay: resendStarted, nothing: content({}) })
      yield* write("other", { mailed })
      yield* sql`UPDATE ${sql(table)} SET written_at = clock_timestamp() - INTERVAL '31 days'`
      yield* write("one", { recent: mailed })

      const pruned = yield* JournalSql.prune({ run: "one", table, olderThan: "30 days" })
      assert.strictEqual(pruned, 1201)
      assert.deepStrictEqual(yield* entriesOf("one"), ["doubted", "recent", "underWay"])
      assert.deepStrictEqual(yield* entriesOf("other"), ["mailed"])
      const error = yield* Effect.flip(JournalSql.prune({ olderThan: Number.NaN }))
      assert.strictEqual(error._tag, "InvalidOption")
    }).pipe(Effect.provide(client))
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

  for (const option of ["lease", "maxOutage"] as const) {
    it.live(`refuses a ${option} that is none`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.provide(Journal, layerOf({ [option]: Number.NaN })))
        if (error._tag !== "InvalidOption") return assert.fail(error._tag)
        assert.strictEqual(error.option, option)
      })
    )
  }

  it.live("writes an entry once if the connection breaks before the answer", () =>
    Effect.gen(function* () {
      const proxy = yield* Effect.acquireRelease(
        Effect.promise(() => startProxy(postgres.url)),
        ({ stop }) => Effect.sync(stop)
      )
      const client = PgClient.layer({ url: Redacted.make(proxy.url), maxConnections: 1 })
      yield* Effect.gen(function* () {
        const journal = yield* Journal
        proxy.loseAnswerTo("INSERT")
        const first = yield* journal.put("key", resendStarted, undefined)
        assert.strictEqual(first?.version, 1)
        proxy.loseAnswerTo('"version":2')
        const second = yield* journal.put("key", resendStarted, first)
        assert.strictEqual(second?.version, 2)
        assert.isTrue(proxy.hasLost())
        assert.isUndefined(yield* journal.put("key", resendStarted, first))
        assert.isUndefined(yield* journal.put("key", resendStarted, undefined))
      }).pipe(Effect.provide(Layer.provide(JournalSql.layer({ table: "broken" }), client)))
    }).pipe(Effect.scoped)
  )

  it.live("fails a call if the database is gone for longer than maxOutage, and says what the system said", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const journal = yield* Journal
      yield* sql`ALTER DATABASE postgres SET default_transaction_read_only = on`
      // A connection that is open keeps its default
      yield* Effect.ignore(sql`SELECT pg_terminate_backend(pg_backend_pid())`)
      const error = yield* Effect.flip(journal.put("a", resendStarted, undefined)).pipe(
        Effect.ensuring(
          Effect.orDie(
            Effect.scoped(
              Effect.flatMap(sql.reserve, (connection) =>
                Effect.andThen(
                  connection.executeRaw("SET default_transaction_read_only = off", []),
                  connection.executeRaw("ALTER DATABASE postgres RESET default_transaction_read_only", [])
                )
              )
            )
          )
        )
      )
      assert.include(error.message, "read-only")
    }).pipe(
      Effect.provide(
        Layer.provideMerge(
          JournalSql.layer({ table: "read_only", maxOutage: "300 millis" }),
          PgClient.layer({ url: Redacted.make(postgres.url), maxConnections: 1 })
        )
      )
    )
  )

  it.live("fails with UnreadableEntry on a malformed entry, and with JournalError on a missing table", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const journal = yield* Journal
      yield* journal.put("spoilt/ann@acme.com", resendStarted, undefined)
      yield* sql`UPDATE spoilt SET entry = '{"key":"spoilt/ann@acme.com"}'`
      const error = yield* Effect.flip(journal.get("spoilt/ann@acme.com"))
      assert.strictEqual(error._tag, "UnreadableEntry")
      assert.notInclude(error.message, "ann@acme.com")
      assert.isDefined(yield* journal.put("spoilt/bea@acme.com", resendStarted, undefined))
      assert.deepStrictEqual(
        (yield* Stream.runCollect(journal.entries)).map(({ key }) => key),
        ["spoilt/bea@acme.com"]
      )
      yield* sql`DROP TABLE spoilt`
      assert.strictEqual((yield* Effect.flip(journal.put("b", resendStarted, undefined)))._tag, "JournalError")
    }).pipe(Effect.provide(Layer.provideMerge(JournalSql.layer({ table: "spoilt" }), client)))
  )
})
