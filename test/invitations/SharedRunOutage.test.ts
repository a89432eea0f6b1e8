import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import type * as SharedRun from "@polar-seats/invitations/SharedRun"
import { Deferred, Effect, Fiber, Layer, Redacted, Stream } from "effect"
import { afterAll, describe } from "vitest"
import { startProxy } from "./databaseProxy.ts"
import { startPostgres } from "../../scripts/postgres.ts"
import {
  everybody,
  mailed,
  offer,
  polarWith,
  results,
  seatsWith,
  subscriptionId,
  tables,
  work,
  worker,
  workToTheEnd
} from "./sharedTeam.ts"

const postgres = await startPostgres()
afterAll(postgres.stop)

const polar = polarWith(postgres.url)
type Polar = Layer.Success<typeof polar>
const on = <A, E>(title: string, body: Effect.Effect<A, E, Polar>) => it.live(title, () => Effect.provide(body, polar))

type Proxy = Awaited<ReturnType<typeof startProxy>>

/** Runs a body that reaches the database through a proxy of its own. */
const through = <A, E, R>(body: (proxy: Proxy) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.promise(() => startProxy(postgres.url)),
    body,
    ({ stop }) => Effect.sync(stop)
  )

/** A worker's code, over the proxy. */
const workerAt = <A, E>(
  { url }: Proxy,
  options: Parameters<typeof worker>[0],
  body: (run: SharedRun.SharedRun["Service"]) => Effect.Effect<A, E, Polar>,
  maxConnections = 3
) =>
  // The body itself does not go through the proxy
  Effect.flatMap(Effect.context<Polar>(), (context) =>
    Effect.provide(
      worker(options, (run) => Effect.provideContext(body(run), context)),
      PgClient.layer({ url: Redacted.make(url), maxConnections }),
      { local: true }
    )
  )

/** The places in a worker's life where the database can go away, as words of the statement, or of its values, that are sent there. */
const offers = {
  opens: "(run, id, item, holder, until)",
  "adds the seats of": "added.item",
  closes: "item = NULL, result = NULL"
}
const statements = {
  "claims seats": "MATERIALIZED",
  "reads the journal": "SELECT id, entry",
  "begins a mail": '"found":null',
  "writes the mail down": '"found":1',
  "settles seats": "keeps_item",
  "looks whether the run is done": "AS done"
}

/** How many milliseconds an interruption takes. */
const interruptionOf = (fiber: Fiber.Fiber<unknown, unknown>) =>
  Effect.suspend(() => {
    const told = performance.now()
    return Effect.map(Fiber.interrupt(fiber), () => performance.now() - told)
  })

const expiredAnn = [
  {
    subscriptionId,
    status: "pending",
    email: "ann@acme.com",
    invitationToken: "ann",
    invitationTokenExpiresAt: "2026-11-02T00:00:00Z",
    createdAt: "2026-11-01T00:00:00Z"
  }
] as const

describe.skipIf(postgres.isMissing)(`on PostgreSQL${postgres.why}`, () => {
  on(
    "a worker survives a restart of the database",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const outcomes = yield* through((proxy) =>
        Effect.gen(function* () {
          const slow = seatsWith((seats) => ({ resend: (id) => Effect.delay(seats.resend(id), "300 millis") }))
          const working = yield* Effect.forkChild(Effect.provide(workerAt(proxy, shared, work), slow, { local: true }))
          yield* Effect.sleep("200 millis")
          proxy.leave()
          yield* Effect.sleep("700 millis")
          proxy.comeBack()
          return yield* Fiber.join(working)
        })
      )
      assert.strictEqual(outcomes.length, 6)
      assert.deepStrictEqual(yield* mailed, everybody)
    })
  )

  on(
    "a worker and an offer fail if the database is gone for longer than maxOutage",
    Effect.gen(function* () {
      const shared = { ...tables(), maxOutage: "300 millis" } as const
      yield* worker(shared, offer)
      yield* through((proxy) =>
        workerAt(proxy, shared, (run) =>
          Effect.gen(function* () {
            proxy.leave()
            const error = yield* Effect.flip(Effect.timeout(offer(run), "5 seconds"))
            assert.strictEqual(error._tag, "SharedRunError")
            const { failure, outcomes } = yield* Effect.timeout(workToTheEnd(run), "5 seconds")
            assert.strictEqual(failure?._tag, "SharedRunError")
            assert.deepStrictEqual(outcomes, [])
          })
        )
      )
    })
  )

  for (const [does, text] of Object.entries(statements)) {
    on(
      `an interruption takes less than a second while a worker ${does} and the database does not answer`,
      Effect.gen(function* () {
        const shared = tables()
        yield* worker(shared, offer)
        yield* through((proxy) =>
          workerAt(proxy, shared, (run) =>
            Effect.gen(function* () {
              const isHeld = proxy.holdAt(text)
              const working = yield* Effect.forkChild(work(run))
              yield* Effect.promise(() => isHeld)
              assert.isBelow(yield* interruptionOf(working), 1000)
              // Spares the pool the wait for its answers
              proxy.leave()
            })
          )
        )
      })
    )
  }

  for (const [does, text] of Object.entries({ ...offers, ...statements })) {
    on(
      `a connection that breaks after it ${does}, before the answer, loses and repeats nothing`,
      Effect.gen(function* () {
        const shared = tables()
        yield* through((proxy) =>
          workerAt(proxy, shared, (run) =>
            Effect.gen(function* () {
              proxy.loseAnswerTo(text)
              yield* offer(run)
              assert.strictEqual((yield* Effect.timeout(work(run), "5 seconds")).length, 6)
              assert.isTrue(proxy.hasLost())
            })
          )
        )
        assert.deepStrictEqual(yield* mailed, everybody)
        const outcomes = (yield* worker(shared, results)).map(({ outcome }) => outcome).toSorted()
        assert.deepStrictEqual(outcomes, ["Resent", "Resent", "Resent", "Resent", "Skipped", "Skipped"])
      })
    )
  }

  for (const how of ["hold", "leave"] as const) {
    on(
      `an interruption takes less than a second while mails are on their way and the database is gone (${how})`,
      Effect.gen(function* () {
        const shared = tables()
        yield* worker(shared, offer)
        const begun = yield* Deferred.make<void>()
        const hanging = seatsWith(() => ({
          resend: () => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
        }))
        yield* through((proxy) =>
          workerAt(proxy, shared, (run) =>
            Effect.gen(function* () {
              const working = yield* Effect.forkChild(work(run))
              yield* Deferred.await(begun)
              proxy[how]()
              assert.isBelow(yield* interruptionOf(working), 1000)
              proxy.leave()
            })
          )
        ).pipe(Effect.provide(hanging, { local: true }))
      })
    )
  }

  for (const [does, text] of Object.entries(offers)) {
    on(
      `an interruption takes less than a second while an offer ${does} a source and the database does not answer`,
      Effect.gen(function* () {
        const shared = tables()
        yield* through((proxy) =>
          workerAt(proxy, shared, (run) =>
            Effect.gen(function* () {
              const isHeld = proxy.holdAt(text)
              const offering = yield* Effect.forkChild(offer(run))
              yield* Effect.promise(() => isHeld)
              assert.isBelow(yield* interruptionOf(offering), 1000)
              proxy.leave()
            })
          )
        )
      })
    )
  }

  /** A worker that loses the database when it settles ann's seat. Meanwhile another one does the whole run. */
  const twoWorkers = (first: SharedRun.WorkOptions, shared: ReturnType<typeof tables>, second: SharedRun.WorkOptions) =>
    through((proxy) =>
      workerAt(proxy, shared, ({ work }) =>
        Effect.gen(function* () {
          const sql = yield* PgClient.PgClient
          const table = sql(shared.table)
          yield* sql`UPDATE ${table} SET holder = 'second', until = 'infinity' WHERE item NOT LIKE '%ann@acme.com%'`
          const isHeld = proxy.holdAt("keeps_item")
          const paused = yield* Effect.forkChild(Stream.runCollect(work(first)))
          yield* Effect.promise(() => isHeld)
          yield* sql`UPDATE ${table} SET until = clock_timestamp() WHERE is_open`
          yield* worker(shared, ({ work }) => Stream.runDrain(work(second)))
          proxy.goOn()
          return yield* Fiber.join(paused)
        })
      )
    )
  const resultsOfAnn = (shared: ReturnType<typeof tables>) =>
    Effect.map(worker(shared, results), (all) =>
      all.filter(({ address }) => address === "ann@acme.com").map(({ outcome, reason }) => [outcome, reason])
    )

  on(
    "the mail of a worker that was cut off replaces what the worker reports that took over",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      yield* twoWorkers({}, shared, {})
      assert.deepStrictEqual(yield* mailed, everybody)
      assert.deepStrictEqual(yield* resultsOfAnn(shared), [["Resent", null]])
    })
  )

  on(
    "a worker that was cut off and skips the seat does not replace the mail of the worker that took over",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker({ ...shared, run: "before" }, offer)
      yield* worker({ ...shared, run: "before" }, work)
      yield* worker(shared, offer)
      const [skipped] = yield* twoWorkers({}, shared, { cooldown: 0 })
      assert.strictEqual(skipped?._tag, "Skipped")
      assert.deepStrictEqual(yield* resultsOfAnn(shared), [["Resent", null]])
    })
  )

  it.live(
    "a revocation that arrives late is reported by the worker that knows, over the Reissued of the other one",
    () =>
      Effect.gen(function* () {
        const { journal, table } = tables()
        const shared = { table, journal: { ...journal, lease: "300 millis" } } as const
        yield* worker(shared, offer)
        const sql = yield* PgClient.PgClient
        const revoking = yield* Deferred.make<void>()
        const landing = yield* Deferred.make<void>()
        const slow = seatsWith((seats) => ({
          revoke: (id) =>
            Deferred.succeed(revoking, undefined).pipe(
              Effect.andThen(Deferred.await(landing)),
              Effect.andThen(seats.revoke(id))
            )
        }))
        const reissueAll = ({ work }: SharedRun.SharedRun["Service"]) =>
          Stream.runCollect(work({ onExpired: "reissue" }))
        const outcomes = yield* through((proxy) =>
          Effect.gen(function* () {
            const stopped = yield* Effect.forkChild(
              Effect.provide(workerAt(proxy, shared, reissueAll), slow, { local: true })
            )
            yield* Deferred.await(revoking)
            proxy.hold()
            yield* sql`UPDATE ${sql(table)} SET until = clock_timestamp() WHERE is_open`
            const [finished] = yield* worker(shared, reissueAll)
            assert.strictEqual(finished?._tag, "Reissued")
            proxy.goOn()
            yield* Deferred.succeed(landing, undefined)
            return yield* Fiber.join(stopped)
          })
        )
        assert.deepStrictEqual(
          outcomes.map(({ _tag }) => _tag),
          ["Failed"]
        )
        assert.deepStrictEqual(yield* resultsOfAnn({ table, journal }), [["Failed", "ReissueIncomplete"]])
        assert.deepStrictEqual(yield* mailed, ["ann@acme.com"])
      }).pipe(Effect.provide(polarWith(postgres.url, expiredAnn)))
  )

  on(
    "a worker waits while the server takes no more connections",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const sql = yield* PgClient.PgClient
      yield* sql`CREATE ROLE crowded LOGIN SUPERUSER PASSWORD 'crowded'`.pipe(Effect.ignore)
      const url = new URL(postgres.url)
      url.username = "crowded"
      url.password = "crowded"
      yield* sql`ALTER ROLE crowded NOSUPERUSER CONNECTION LIMIT 0`
      yield* sql`GRANT ALL ON ALL TABLES IN SCHEMA public TO crowded`
      yield* sql`GRANT ALL ON SCHEMA public TO crowded`
      const crowded = PgClient.layer({ url: Redacted.make(url.href), maxConnections: 3 })
      const working = yield* Effect.forkChild(Effect.provide(worker(shared, work), crowded, { local: true }))
      yield* Effect.sleep("400 millis")
      assert.deepStrictEqual(yield* mailed, [])
      yield* sql`ALTER ROLE crowded CONNECTION LIMIT 3`
      assert.strictEqual((yield* Effect.timeout(Fiber.join(working), "5 seconds")).length, 6)
    })
  )

  on(
    "a worker and its journal need one connection",
    Effect.gen(function* () {
      const shared = tables()
      const outcomes = yield* through((proxy) =>
        workerAt(
          proxy,
          shared,
          (run) =>
            Effect.gen(function* () {
              yield* offer(run)
              const outcomes = yield* Effect.timeout(work(run), "5 seconds")
              assert.strictEqual(proxy.connections(), 1)
              return outcomes
            }),
          1
        )
      )
      assert.strictEqual(outcomes.length, 6)
    })
  )
})
