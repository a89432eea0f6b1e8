import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Recipient } from "@polar-seats/domain/Assignment"
import { Unauthorized } from "@polar-seats/domain/SeatError"
import { Seat } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as JournalSql from "@polar-seats/invitations/JournalSql"
import * as Reissue from "@polar-seats/invitations/Reissue"
import * as SharedRun from "@polar-seats/invitations/SharedRun"
import { DateTime, Deferred, Effect, Fiber, type Layer, Option, Stream } from "effect"
import { afterAll, describe } from "vitest"
import { startPostgres } from "../../scripts/postgres.ts"
import {
  cutOffOffer,
  everybody,
  mailed,
  offer,
  polarWith,
  putReissue,
  results,
  seatsWith,
  subscriptionId,
  tables,
  team,
  teamIsGone,
  unknown,
  work,
  worker,
  workToTheEnd
} from "./sharedTeam.ts"

const postgres = await startPostgres()
afterAll(postgres.stop)

const longAgo = DateTime.makeUnsafe("2026-11-02T00:00:00Z")
const polar = polarWith(postgres.url)
const on = <A, E>(title: string, body: Effect.Effect<A, E, Layer.Success<typeof polar>>) =>
  it.live(title, () => Effect.provide(body, polar))

describe.skipIf(postgres.isMissing)(`on PostgreSQL${postgres.why}`, () => {
  on(
    "clears a run when it is done, and mails nobody again when it is offered anew",
    Effect.gen(function* () {
      const shared = tables()
      const clear = worker(shared, ({ clear }) => clear)
      yield* worker(shared, offer)
      assert.strictEqual(yield* clear, 0, "a run that is not done stays")
      yield* worker(shared, work)
      // Six seats and one offer
      assert.strictEqual(yield* clear, 7)
      assert.deepStrictEqual(yield* worker(shared, results), [])
      yield* worker(shared, offer)
      yield* worker(shared, work)
      assert.deepStrictEqual(yield* mailed, everybody)
    })
  )

  on(
    "reads no other seats than its own, of tables that hold many",
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const shared = tables()
      yield* worker(shared, offer)
      yield* sql`INSERT INTO ${sql(shared.table)} (run, id, is_open, weight, result)
        SELECT 'one', 'seat/' || n, FALSE, 3, '{}' FROM generate_series(1, 20000) AS n`
      yield* sql`INSERT INTO ${sql(shared.journal.table)} (run, id, version, seats, is_open, write, entry)
        SELECT 'default', 'key/' || n, 1, ARRAY[n::TEXT], FALSE, '', '{}' FROM generate_series(1, 20000) AS n`
      yield* sql`ANALYZE`
      // A connection reports what it has read when it closes
      yield* Effect.provide(worker(shared, work), polarWith(postgres.url), { local: true })
      const [read] = yield* sql<{
        readonly rows: number
      }>`SELECT CAST(SUM(seq_tup_read + idx_tup_fetch) AS INTEGER) AS rows
        FROM pg_stat_user_tables WHERE ${sql.in("relname", [shared.table, shared.journal.table])}`
      assert.isBelow(read?.rows ?? Number.NaN, 1000)
    })
  )
  on(
    "gives each seat to one worker, and offers the same seats once",
    Effect.gen(function* () {
      const shared = tables()
      assert.deepStrictEqual(yield* worker(shared, ({ progress }) => progress), {
        offered: 0,
        settled: 0,
        isDone: false
      })
      const counts = yield* Effect.all([worker(shared, offer), worker(shared, offer)], { concurrency: 2 })
      assert.deepStrictEqual(counts, [6, 6])
      const outcomes = yield* Effect.all([worker(shared, work), worker(shared, work)], { concurrency: 2 })
      const seats = outcomes.flat()
      assert.strictEqual(new Set(seats.map(({ seatId }) => seatId)).size, 6)
      assert.strictEqual(seats.length, 6)
      assert.deepStrictEqual(yield* mailed, everybody)
      assert.deepStrictEqual(yield* worker(shared, ({ progress }) => progress), {
        offered: 6,
        settled: 6,
        isDone: true
      })
      const all = yield* worker(shared, results)
      assert.deepStrictEqual(
        all
          .filter(({ outcome }) => outcome === "Resent")
          .map(({ address }) => address)
          .toSorted(),
        everybody
      )
      assert.deepStrictEqual(
        all.filter(({ outcome }) => outcome !== "Resent").map(({ outcome, reason }) => [outcome, reason]),
        [
          ["Skipped", "NotPending"],
          ["Skipped", "NotPending"]
        ]
      )
      yield* worker(shared, offer)
      assert.deepStrictEqual(yield* worker(shared, work), [], "nothing is left to do")
      assert.strictEqual((yield* mailed).length, 4)
    })
  )

  on(
    "keeps a result in the form that workers of an earlier version read and write",
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      const shared = tables()
      yield* worker(shared, offer)
      yield* worker(shared, work)
      const skipped = (yield* worker(shared, results)).filter(({ outcome }) => outcome === "Skipped")
      assert.deepStrictEqual(
        skipped.map(({ reason }) => reason),
        ["NotPending", "NotPending"]
      )
      const rows = yield* sql<{ readonly result: string }>`SELECT result FROM ${sql(shared.table)}
        WHERE result LIKE '%"Skipped"%'`
      assert.deepStrictEqual(
        rows.map(({ result }) => Object.keys(JSON.parse(result)).toSorted()),
        skipped.map(() => ["address", "at", "message", "outcome", "seatId", "why"])
      )
    })
  )

  on(
    "a worker that starts before the offer waits for it",
    Effect.gen(function* () {
      const shared = tables()
      const early = yield* Effect.forkChild(worker(shared, work))
      yield* Effect.sleep("200 millis")
      yield* worker(shared, offer)
      assert.strictEqual((yield* Fiber.join(early)).length, 6)
    })
  )

  on(
    "the next run skips people whom the run before it mailed",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      yield* worker(shared, work)
      const next = { ...shared, run: "two" }
      yield* worker(next, offer)
      yield* worker(next, work)
      const reasons = (yield* worker(next, results)).map(({ reason }) => reason)
      assert.strictEqual(reasons.filter((reason) => reason === "MailedRecently").length, 4)
      assert.strictEqual((yield* mailed).length, 4)
    })
  )

  on(
    "offer fails if a list fails, the others are offered, and each worker reports the source at the end",
    Effect.gen(function* () {
      const shared = tables()
      const error = yield* Effect.flip(worker(shared, ({ offer }) => offer([unknown, team])))
      assert.strictEqual(error._tag, "NotFound")
      for (const expected of [6, 0]) {
        const { failure, outcomes } = yield* worker(shared, workToTheEnd)
        assert.strictEqual(outcomes.length, expected)
        assert.strictEqual(failure?._tag, "SourcesUnlisted")
        assert.include(failure?.message ?? "", `subscription/${unknown.id}`)
      }
      assert.isTrue(yield* worker(shared, ({ isDone }) => isDone))
    })
  )

  on(
    "a source that was listed stays listed if it is offered again and its list fails now",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const error = yield* Effect.flip(Effect.provide(worker(shared, offer), teamIsGone, { local: true }))
      assert.strictEqual(error._tag, "NotFound")
      assert.strictEqual((yield* Effect.timeout(worker(shared, work), "5 seconds")).length, 6)
    })
  )

  on(
    "a source that failed is as any other once it is offered again and listed",
    Effect.gen(function* () {
      const shared = tables()
      yield* Effect.flip(Effect.provide(worker(shared, offer), teamIsGone, { local: true }))
      yield* worker(shared, offer)
      assert.strictEqual((yield* worker(shared, work)).length, 6)
    })
  )

  on(
    "the workers list the source of an offer that was interrupted, at once",
    Effect.gen(function* () {
      const shared = tables()
      yield* cutOffOffer(shared)
      assert.strictEqual((yield* Effect.timeout(worker(shared, work), "5 seconds")).length, 6)
      assert.deepStrictEqual(yield* mailed, everybody)
    })
  )

  on(
    "the workers list the source of an offer whose process was killed, when its lock has expired",
    Effect.gen(function* () {
      const shared = tables()
      yield* cutOffOffer(shared)
      // As if the process had not given it back
      const sql = yield* PgClient.PgClient
      yield* sql`UPDATE ${sql(shared.table)} SET holder = 'gone', until = clock_timestamp() + INTERVAL '300 milliseconds'`
      assert.strictEqual((yield* Effect.timeout(worker(shared, work), "5 seconds")).length, 6)
    })
  )

  on(
    "every worker ends and says why if an offer was cut off and its source is gone",
    Effect.gen(function* () {
      const shared = tables()
      yield* cutOffOffer(shared)
      const each = Effect.provide(worker(shared, workToTheEnd), teamIsGone, { local: true })
      const all = yield* Effect.timeout(Effect.all([each, each], { concurrency: 2 }), "5 seconds")
      for (const { failure } of all) assert.strictEqual(failure?._tag, "SourcesUnlisted")
    })
  )

  on(
    "an offer that a worker has taken over offers its seats again",
    Effect.gen(function* () {
      const shared = tables()
      const listing = yield* Deferred.make<void>()
      const resume = yield* Deferred.make<void>()
      const slow = seatsWith((seats) => ({
        list: (source) =>
          Deferred.succeed(listing, undefined).pipe(
            Effect.andThen(Deferred.await(resume)),
            Effect.andThen(seats.list(source))
          )
      }))
      const offering = yield* Effect.forkChild(Effect.provide(worker(shared, offer), slow, { local: true }))
      yield* Deferred.await(listing)
      const sql = yield* PgClient.PgClient
      yield* sql`UPDATE ${sql(shared.table)} SET until = clock_timestamp()`
      const gone = yield* Effect.provide(worker(shared, workToTheEnd), teamIsGone, { local: true })
      assert.strictEqual(gone.failure?._tag, "SourcesUnlisted")
      yield* Deferred.succeed(resume, undefined)
      assert.strictEqual(yield* Fiber.join(offering), 6)
      assert.strictEqual((yield* worker(shared, work)).length, 6)
    })
  )

  on(
    "a seat that this version cannot read fails and mails nobody, its row stays, and the others go on",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const sql = yield* PgClient.PgClient
      const table = sql(shared.table)
      yield* sql`UPDATE ${table} SET item = '{"version":99}' WHERE item LIKE '%ann@acme.com%'`
      yield* sql`INSERT INTO ${table} (run, id, item) VALUES ('one', 'pool/1', '{}'), ('one', 'seat/1', '{}')`
      const { failure, outcomes } = yield* Effect.timeout(worker(shared, workToTheEnd), "5 seconds")
      assert.strictEqual(outcomes.length, 6)
      const failed = outcomes.find(({ _tag }) => _tag === "Failed")
      if (failed?._tag !== "Failed") return assert.fail("no seat has failed")
      assert.strictEqual(failed.error._tag, "UnreadableEntry")
      assert.strictEqual(failure?._tag, "SourcesUnlisted", "rows of another kind are reported")
      assert.strictEqual((yield* mailed).length, 3)
      const kept = yield* sql<{
        readonly id: string
      }>`SELECT id FROM ${table} WHERE item IS NOT NULL AND id LIKE 'seat/_%-%'`
      assert.deepStrictEqual(
        kept.map(({ id }) => id),
        [`seat/${failed.seatId}`],
        "the others keep their result alone"
      )
      assert.strictEqual(
        (yield* worker(shared, results)).find(({ seatId }) => seatId === failed.seatId)?.reason,
        "UnreadableEntry"
      )
    })
  )

  on(
    "an unreadable entry of the journal fails its seat alone",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const sql = yield* PgClient.PgClient
      yield* sql`INSERT INTO ${sql(shared.journal.table)} (run, id, version, seats, is_open, write, entry)
        VALUES ('default', ${`subscription/${subscriptionId}/ann@acme.com`}, 7, '{}', false, '', '{"version":99}')`
      const outcomes = yield* worker(shared, work)
      assert.strictEqual(outcomes.find(({ address }) => address === "ann@acme.com")?._tag, "Failed")
      assert.strictEqual((yield* mailed).length, 3)
    })
  )

  on(
    "a worker ends although somebody else was mailed whose entry of the journal cannot be read",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const sql = yield* PgClient.PgClient
      yield* sql`INSERT INTO ${sql(shared.journal.table)} (run, id, version, seats, is_open, write, entry)
        VALUES ('default', ${`subscription/${subscriptionId}/zed@acme.com`}, 7, '{}', false, '', '{"version":99}')`
      const outOfStep = seatsWith((seats) => ({
        resend: (id) => Effect.map(seats.resend(id), (seat) => new Seat({ ...seat, email: "zed@acme.com" }))
      }))
      const outcomes = yield* Effect.timeout(
        Effect.provide(worker(shared, work), outOfStep, { local: true }),
        "5 seconds"
      )
      assert.strictEqual(outcomes.filter(({ _tag }) => _tag === "Failed").length, 4)
    })
  )

  on(
    "an address that nobody can have, or a NUL in what Polar keeps, concerns its seat alone",
    Effect.gen(function* () {
      const shared = tables()
      const odd: Readonly<Record<string, object>> = {
        "ann@acme.com": { email: "ann\0@acme.com", invitationTokenExpiresAt: longAgo },
        "bea@acme.com": { email: `${"b".repeat(1000)}@acme.com`, invitationTokenExpiresAt: longAgo },
        "cid@acme.com": { seatMetadata: { note: "a\0b" }, invitationTokenExpiresAt: longAgo }
      }
      const oddSeats = seatsWith((seats) => ({
        list: (source) =>
          Effect.map(seats.list(source), (list) => ({
            ...list,
            seats: list.seats.map((seat) => new Seat({ ...seat, ...odd[seat.email ?? ""] }))
          }))
      }))
      const outcomes = yield* worker(shared, (run) =>
        Effect.andThen(offer(run), Stream.runCollect(run.work({ onExpired: "reissue" })))
      ).pipe(Effect.provide(oddSeats, { local: true }))
      const failed = outcomes.filter(({ _tag }) => _tag === "Failed").map(({ address }) => address?.length)
      assert.includeMembers(failed, [13, 1009])
      assert.include(yield* mailed, "dan@acme.com")
      assert.strictEqual((yield* worker(shared, results)).length, 6)
    })
  )

  on(
    "an error that stops one worker leaves its seats to the others at once",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const refusing = seatsWith(() => ({
        resend: () => Effect.fail(new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" }))
      }))
      const error = yield* Effect.flip(Effect.provide(worker(shared, work), refusing, { local: true }))
      assert.strictEqual(error._tag, "Unauthorized")
      assert.deepStrictEqual(yield* mailed, [])
      const sql = yield* PgClient.PgClient
      // Seats that need no mail may be settled already
      const attempts = yield* sql`SELECT 1 FROM ${sql(shared.table)} WHERE attempts > 0 AND is_open`
      assert.strictEqual(attempts.length, 0, "the stop counts as no attempt at a seat")
      // Without the release, the locks would last for two minutes
      yield* Effect.timeout(worker(shared, work), "5 seconds")
      assert.deepStrictEqual(yield* mailed, everybody)
    })
  )

  on(
    "a reissue that ended in another row before its worker was interrupted has one outcome",
    Effect.gen(function* () {
      const shared = tables()
      const { assign, list, revoke } = yield* Seats
      const { seats } = yield* list(team)
      const journal = JournalSql.layer(shared.journal)
      const reissue = Option.getOrThrow(
        Option.fromUndefinedOr(seats.find(({ email }) => email === "ann@acme.com")).pipe(
          Option.flatMap((seat) => Option.fromUndefinedOr(Reissue.fromSeat(seat)))
        )
      )
      yield* Effect.provide(putReissue(reissue, { _tag: "Assigning", revokedAt: null }), journal, { local: true })
      // In between, somebody else gets the row
      yield* revoke(reissue.seatId)
      for (const email of ["fay@acme.com", "gus@acme.com"]) {
        yield* assign({ source: reissue.assignment.source, recipient: Recipient.Email({ email }) })
      }
      yield* assign(reissue.assignment)
      const held = (yield* list(team)).seats.find(({ email }) => email === "ann@acme.com")
      assert.notStrictEqual(held?.id, reissue.seatId)
      yield* worker(shared, offer)
      yield* Effect.timeout(worker(shared, work), "10 seconds")
      assert.isTrue((yield* worker(shared, ({ progress }) => progress)).isDone)
      const all = yield* worker(shared, results)
      assert.strictEqual(new Set(all.map(({ seatId }) => seatId)).size, 7)
      assert.deepStrictEqual(
        all.filter(({ seatId }) => seatId === held?.id).map(({ address, outcome }) => [address, outcome]),
        [["ann@acme.com", "Reissued"]]
      )
      assert.strictEqual((yield* mailed).filter((to) => to === "ann@acme.com").length, 1)
    })
  )

  on(
    "a resend that was open when its worker was interrupted is in doubt, and mailed again only with retryUnknown",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const begun = yield* Deferred.make<void>()
      const hanging = seatsWith(() => ({
        resend: () => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
      }))
      const cutOff = yield* Effect.forkChild(
        Effect.provide(
          worker(shared, (run) => Stream.runDrain(run.work({ concurrency: 1, address: (to) => to.startsWith("ann") }))),
          hanging,
          { local: true }
        )
      )
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(cutOff)
      yield* Effect.timeout(worker(shared, work), "5 seconds")
      const inDoubt = (yield* worker(shared, results)).filter(({ outcome }) => outcome === "InDoubt")
      assert.deepStrictEqual(
        inDoubt.map(({ address }) => address),
        ["ann@acme.com"]
      )
      assert.notInclude(yield* mailed, "ann@acme.com")

      const next = { ...shared, run: "two" }
      yield* worker(next, offer)
      yield* worker(next, (run) => Stream.runDrain(run.work({ retryUnknown: true })))
      assert.include(yield* mailed, "ann@acme.com")
    })
  )

  on(
    "finishes a reissue that an earlier worker began",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const { revoke, list } = yield* Seats
      const ann = (yield* list(team)).seats.find(({ email }) => email === "ann@acme.com")
      const reissue = ann === undefined ? undefined : Reissue.fromSeat(ann)
      if (reissue === undefined) return assert.fail("there is no such seat")
      const { revokedAt } = yield* revoke(reissue.seatId)
      yield* Effect.provide(putReissue(reissue, { _tag: "Revoked", revokedAt }), JournalSql.layer(shared.journal))
      const outcomes = yield* worker(shared, work)
      assert.strictEqual(outcomes.find(({ address }) => address === "ann@acme.com")?._tag, "Reissued")
      assert.deepStrictEqual(yield* mailed, everybody)
    })
  )

  on(
    "gives a seat up as in doubt after it killed ten workers",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const sql = yield* PgClient.PgClient
      yield* sql`UPDATE ${sql(shared.table)} SET attempts = 10 WHERE item LIKE '%ann@acme.com%'`
      const outcomes = yield* worker(shared, work)
      assert.strictEqual(outcomes.find(({ address }) => address === "ann@acme.com")?._tag, "InDoubt")
      assert.strictEqual((yield* mailed).length, 3)
    })
  )

  on(
    "a defect stops the worker, and the seat comes back later",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const broken = seatsWith(() => ({ resend: () => Effect.die(new Error("a bug")) }))
      const exit = yield* Effect.exit(Effect.provide(worker(shared, work), broken, { local: true }))
      assert.strictEqual(exit._tag, "Failure")
      yield* Effect.timeout(worker(shared, work), "10 seconds")
      const outcomes = (yield* worker(shared, results)).map(({ outcome }) => outcome)
      assert.isAtLeast(outcomes.filter((outcome) => outcome === "InDoubt").length, 1)
    })
  )

  on(
    "a failing database stops the worker, and the error quotes no statement",
    Effect.gen(function* () {
      const shared = tables()
      const sql = yield* PgClient.PgClient
      const error = yield* worker(shared, (run) =>
        Effect.gen(function* () {
          yield* run.offer([team])
          yield* sql`DROP TABLE ${sql(shared.table)}`
          return yield* Effect.flip(Stream.runDrain(run.work()))
        })
      )
      assert.strictEqual(error._tag, "SharedRunError")
      assert.notMatch(error.message, /SELECT|INSERT|acme/)
    })
  )

  const wrong: ReadonlyArray<[string, Partial<SharedRun.Options>]> = [
    ["run", { run: "" }],
    ["lockExpiration", { lockExpiration: Number.NaN }],
    ["lockExpiration", { lockExpiration: 0 }],
    ["pollInterval", { pollInterval: "Infinity" }],
    ["maxOutage", { maxOutage: -1 }],
    ["lease", { journal: { lease: 0 } }]
  ]
  for (const [option, options] of wrong) {
    on(
      `refuses ${option} as it is in ${JSON.stringify(options)} when it is built`,
      Effect.gen(function* () {
        const error = yield* Effect.flip(worker({ ...tables(), ...options }, offer))
        if (error._tag !== "InvalidOption") return assert.fail(`${error._tag}: ${error.message}`)
        assert.strictEqual(error.option, option)
      })
    )
  }

  on(
    "refuses options of the work that make no sense before it mails anybody",
    Effect.gen(function* () {
      const shared = tables()
      for (const options of [
        { concurrency: Number.NaN },
        { concurrency: 0 },
        { concurrency: Number.POSITIVE_INFINITY },
        { cooldown: -1 }
      ]) {
        const error = yield* Effect.flip(worker(shared, ({ work }) => Stream.runDrain(work(options))))
        assert.strictEqual(error._tag, "InvalidOption")
      }
      assert.deepStrictEqual(yield* mailed, [])
    })
  )
})
