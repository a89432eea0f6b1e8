import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Journal } from "@polar-seats/invitations/Journal"
import * as JournalSql from "@polar-seats/invitations/JournalSql"
import { Deferred, Effect, Exit, Fiber, Layer, Redacted, Stream } from "effect"
import { afterAll, describe } from "vitest"
import { startPostgres } from "../../scripts/postgres.ts"
import { startProxy } from "./databaseProxy.ts"
import { mailed, resendStarted } from "./journalLaws.ts"

const postgres = await startPostgres()
afterAll(postgres.stop)

const client = PgClient.layer({ url: Redacted.make(postgres.url), maxConnections: 4 })
const journalOf = (options: JournalSql.Options) => Layer.provideMerge(JournalSql.layer(options), client)
const keys = Effect.flatMap(Journal, ({ entries }) =>
  Effect.map(Stream.runCollect(entries), (all) => all.map(({ key }) => key).toSorted())
)
const putAll = (names: ReadonlyArray<string>) =>
  Effect.flatMap(Journal, ({ put }) =>
    Effect.forEach(names, (name) => Effect.exit(put(name, resendStarted, undefined)), { concurrency: "unbounded" })
  )
const named = (count: number) => Array.from({ length: count }, (_, index) => `key/${index}`)

/** A journal behind a way to the database that can be interrupted. */
const behindProxy = <A, E>(
  options: JournalSql.Options,
  body: (proxy: Awaited<ReturnType<typeof startProxy>>) => Effect.Effect<A, E, Journal>
) =>
  Effect.gen(function* () {
    const proxy = yield* Effect.acquireRelease(
      Effect.promise(() => startProxy(postgres.url)),
      ({ stop }) => Effect.sync(stop)
    )
    const database = PgClient.layer({ url: Redacted.make(proxy.url), maxConnections: 3 })
    return yield* Effect.provide(body(proxy), Layer.provide(JournalSql.layer(options), database))
  }).pipe(Effect.scoped)

describe.skipIf(postgres.isMissing)(`entries that are written together, on PostgreSQL${postgres.why}`, () => {
  it.live("an entry that was pruned and written anew is not the one that was found", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const { get, put } = yield* Journal
      const first = yield* put("ann", resendStarted, undefined)
      const found = yield* put("ann", mailed, first)
      yield* sql`UPDATE pruned_and_back SET written_at = clock_timestamp() - INTERVAL '2 days'`
      assert.strictEqual(yield* JournalSql.prune({ table: "pruned_and_back", olderThan: "1 day" }), 1)
      const again = yield* put("ann", mailed, yield* put("ann", resendStarted, undefined))
      assert.strictEqual(again?.version, found?.version)
      assert.isUndefined(yield* put("ann", resendStarted, found))
      assert.isNull((yield* get("ann"))?.attempt ?? null)
    }).pipe(Effect.provide(journalOf({ table: "pruned_and_back" })))
  )

  it.live("a caller whose transaction is rolled back takes no entry of another one with it", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const { put } = yield* Journal
      const begun = yield* Deferred.make<void>()
      const rolledBack = sql.withTransaction(
        Effect.gen(function* () {
          const putting = yield* Effect.forkChild(put("mine", resendStarted, undefined), { startImmediately: true })
          yield* Deferred.succeed(begun, undefined)
          yield* Fiber.join(putting)
          return yield* Effect.fail("no")
        })
      )
      const others = named(30)
      yield* Effect.all([Effect.ignore(rolledBack), Effect.andThen(Deferred.await(begun), putAll(others))], {
        concurrency: "unbounded"
      })
      assert.includeMembers([...(yield* keys)], others)
    }).pipe(Effect.provide(journalOf({ table: "rolled_back" })))
  )

  it.live("a write that was interrupted before it left does not take place later", () =>
    behindProxy({ table: "interrupted" }, (proxy) =>
      Effect.gen(function* () {
        proxy.leave()
        const writing = yield* Effect.forkChild(putAll(named(3)))
        yield* Effect.sleep("100 millis")
        yield* Fiber.interrupt(writing)
        proxy.comeBack()
        yield* Effect.sleep("1500 millis")
        assert.deepStrictEqual(yield* keys, [])
      })
    )
  )

  it.live("all of many writes fail when maxOutage has passed, and none waits for the others", () =>
    behindProxy({ table: "outage", maxOutage: "1 second" }, (proxy) =>
      Effect.gen(function* () {
        proxy.leave()
        const began = performance.now()
        const exits = yield* putAll(named(450))
        assert.isTrue(exits.every(Exit.isFailure))
        assert.isBelow(performance.now() - began, 2500)
      })
    )
  )

  it.live("an entry that the database refuses does not spoil the others", () =>
    Effect.gen(function* () {
      const exits = yield* putAll([...named(10), "nul\0", ...named(20).slice(10)])
      assert.deepStrictEqual(
        exits.map(Exit.isSuccess),
        named(21).map((_, index) => index !== 10)
      )
      assert.lengthOf(yield* keys, 20)
    }).pipe(Effect.provide(journalOf({ table: "refused" })))
  )
})
