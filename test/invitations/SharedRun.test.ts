import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Recipient } from "@polar-seats/domain/Assignment"
import { Journal, JournalStep } from "@polar-seats/invitations/Journal"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as Reissue from "@polar-seats/invitations/Reissue"
import { Unauthorized } from "@polar-seats/domain/SeatError"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { Seats } from "@polar-seats/domain/Seats"
import type { WorldInput } from "@polar-seats/emulator/World"
import * as JournalSql from "@polar-seats/invitations/JournalSql"
import * as SharedRun from "@polar-seats/invitations/SharedRun"
import { Deferred, Effect, Fiber, Layer, Option, Redacted, Stream } from "effect"
import { afterAll, describe } from "vitest"
import { startPostgres } from "./postgres.ts"

const postgres = await startPostgres()
afterAll(postgres.stop)

const token = "polar_cst_acme"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const subscriptionId = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
const team = SeatSource.Subscription({ id: SubscriptionId.make(subscriptionId) })
const unknown = SeatSource.Subscription({ id: SubscriptionId.make("30c81c46-a35c-4411-a5fb-c1191a0a52ef") })

const pending = ["ann", "bea", "cid", "dan"]
const world: WorldInput = {
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: subscriptionId, product, customer, seats: 9 }],
  seats: [
    ...pending.map((name) => ({
      subscriptionId,
      status: "pending" as const,
      email: `${name}@acme.com`,
      invitationToken: name,
      createdAt: "2026-11-01T00:00:00Z"
    })),
    { subscriptionId, status: "claimed", email: "eve@acme.com" },
    { subscriptionId, status: "revoked" }
  ],
  tokens: [{ token, customer }]
}

// Each test has tables of its own
let tests = 0
const tables = () => {
  const table = `run${tests++}`
  return { table, journal: { table: `${table}_journal` } }
}

const client = PgClient.layer({ url: Redacted.make(postgres.url) })
const polar = Layer.merge(client, SeatsMemory.layer(world, token))

/** Runs a worker's code. Each worker builds its own layer. */
const worker = <A, E>(
  options: Omit<SharedRun.Options, "run"> & { readonly run?: string },
  body: (run: SharedRun.SharedRun["Service"]) => Effect.Effect<A, E>
) =>
  Effect.provide(
    Effect.flatMap(SharedRun.SharedRun, body),
    SharedRun.layer({ run: "one", pollInterval: "50 millis", ...options }),
    { local: true }
  )
const offer = ({ offer }: SharedRun.SharedRun["Service"]) => offer([team])
const work = (run: SharedRun.SharedRun["Service"]) => Stream.runCollect(run.work({ concurrency: 2 }))
const results = (run: SharedRun.SharedRun["Service"]) => Stream.runCollect(run.results)
const mailed = Effect.flatMap(Outbox, ({ mails }) => Effect.map(mails, (all) => all.map(({ to }) => to).toSorted()))
const everybody = pending.map((name) => `${name}@acme.com`)

const on = <A, E>(title: string, body: Effect.Effect<A, E, Layer.Success<typeof polar>>) =>
  it.live(title, () => Effect.provide(body, polar))

describe.skipIf(postgres.isMissing)(`on PostgreSQL${postgres.why}`, () => {
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
        all.filter(({ outcome }) => outcome !== "Resent").map(({ outcome, why }) => [outcome, why]),
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
      const whys = (yield* worker(next, results)).map(({ why }) => why)
      assert.strictEqual(whys.filter((why) => why === "MailedRecently").length, 4)
      assert.strictEqual((yield* mailed).length, 4)
    })
  )

  on(
    "offer fails if a list fails, and the run continues without that source",
    Effect.gen(function* () {
      const shared = tables()
      const error = yield* Effect.flip(worker(shared, ({ offer }) => offer([team, unknown])))
      assert.strictEqual(error._tag, "NotFound")
      assert.strictEqual((yield* worker(shared, work)).length, 6)
    })
  )

  on(
    "an error that stops one worker leaves its seats to the others at once",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const refusing = Layer.effect(
        Seats,
        Effect.map(Seats, (seats) =>
          Seats.of({
            ...seats,
            resend: () => Effect.fail(new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" }))
          })
        )
      )
      const error = yield* Effect.flip(Effect.provide(worker(shared, work), refusing, { local: true }))
      assert.strictEqual(error._tag, "Unauthorized")
      assert.deepStrictEqual(yield* mailed, [])
      const sql = yield* PgClient.PgClient
      // Seats that need no mail may be completed already
      const attempts = yield* sql`SELECT 1 FROM ${sql(`${shared.table}_queue`)}
        WHERE attempts > 0 AND state <> 'completed'`
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
      const put = (reissue: Reissue.Reissue) =>
        Effect.flatMap(Journal, ({ put }) =>
          put(reissue.key, JournalStep.cases.ReissueStarted.make({ reissue }), undefined)
        )
      const reissue = Option.getOrThrow(
        Option.fromUndefinedOr(seats.find(({ email }) => email === "ann@acme.com")).pipe(
          Option.flatMap((seat) => Option.fromUndefinedOr(Reissue.fromSeat(seat)))
        )
      )
      yield* Effect.provide(put(reissue), journal, { local: true })
      // In between, somebody else gets the row
      yield* revoke(reissue.seatId)
      yield* assign({ source: reissue.assignment.source, recipient: Recipient.Email({ email: "fay@acme.com" }) })
      yield* assign(reissue.assignment)
      const held = (yield* list(team)).seats.find(({ email }) => email === "ann@acme.com")
      assert.notStrictEqual(held?.id, reissue.seatId)
      yield* worker(shared, offer)
      yield* Effect.timeout(worker(shared, work), "10 seconds")
      assert.isTrue((yield* worker(shared, ({ progress }) => progress)).isDone)
      const all = yield* worker(shared, results)
      assert.strictEqual(new Set(all.map(({ seatId }) => seatId)).size, 6)
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
      const hanging = Layer.effect(
        Seats,
        Effect.map(Seats, (seats) =>
          Seats.of({ ...seats, resend: () => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never) })
        )
      )
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
      yield* Effect.flatMap(Journal, (journal) =>
        journal.put(reissue.key, JournalStep.cases.ReissueStarted.make({ reissue }), undefined)
      ).pipe(Effect.provide(JournalSql.layer(shared.journal)))
      yield* revoke(reissue.seatId)
      const outcomes = yield* worker(shared, work)
      assert.strictEqual(outcomes.find(({ address }) => address === "ann@acme.com")?._tag, "Reissued")
      assert.deepStrictEqual(yield* mailed, everybody)
    })
  )

  on(
    "a seat that comes again after its mail is not mailed again, and keeps its result",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      yield* worker(shared, work)
      // As if workers had been killed after they wrote the result, and one before it did
      const sql = yield* PgClient.PgClient
      yield* sql`UPDATE ${sql(`${shared.table}_queue`)} SET state = 'pending'`
      yield* sql`UPDATE ${sql(shared.table)} SET weight = NULL, result = NULL WHERE id = (
        SELECT 'seat/' || id FROM ${sql(`${shared.table}_queue`)} WHERE element LIKE '%"pending"%'
        ORDER BY visible_at DESC, sequence DESC LIMIT 1)`
      yield* worker(shared, (run) => Stream.runDrain(run.work({ concurrency: 1 })))
      assert.deepStrictEqual(yield* mailed, everybody)
      const all = yield* worker(shared, results)
      assert.strictEqual(all.filter(({ outcome }) => outcome === "Resent").length, 3)
      assert.strictEqual(all.filter(({ why }) => why === "MailedRecently").length, 1)
    })
  )

  on(
    "gives a seat up as in doubt after it killed ten workers",
    Effect.gen(function* () {
      const shared = tables()
      yield* worker(shared, offer)
      const sql = yield* PgClient.PgClient
      yield* sql`UPDATE ${sql(`${shared.table}_queue`)} SET attempts = 10 WHERE element LIKE '%ann@acme.com%'`
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
      const broken = Layer.effect(
        Seats,
        Effect.map(Seats, (seats) => Seats.of({ ...seats, resend: () => Effect.die(new Error("a bug")) }))
      )
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
})
