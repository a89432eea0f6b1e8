import { assert, it } from "@effect/vitest"
import { Entry, Journal, JournalStep } from "@polar-seats/invitations/Journal"
import { SeatId } from "@polar-seats/domain/Seat"
import { Effect, type Layer, Schema, Stream } from "effect"

const seatId = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
const { InDoubt, Mailed, NotMailed, ResendStarted } = JournalStep.cases
const resendStarted = ResendStarted.make({ seatId })
const mailed = Mailed.make({ seatId, how: "Resent" })

const toJson = Schema.encodeSync(Schema.toCodecJson(Schema.NullOr(Entry)))
// JSON knows no -0, which metadata may hold
const inJson = (entry: Entry | undefined): unknown => JSON.parse(JSON.stringify(toJson(entry ?? null)))
const assertSame = (one: Entry | undefined, other: Entry | undefined) =>
  assert.deepStrictEqual(inJson(one), inJson(other))

export interface Implementation {
  /** Every build of this layer opens the same store. */
  readonly layer: Layer.Layer<Journal, unknown>
  /** Whether two journals may be open at once. */
  readonly isShared: boolean
  /** Whether the entries outlast the layer. */
  readonly isLasting: boolean
}

/** The laws of every journal. Each law has a key of its own, so the laws may share one journal. */
export const laws = (name: string, { isLasting, isShared, layer }: Implementation) => {
  const law = (title: string, body: Effect.Effect<void, unknown, Journal>) =>
    it.live(`${name}: ${title}`, () => Effect.provide(body, layer))

  law(
    "returns undefined for a key that was never written",
    Effect.gen(function* () {
      assert.isUndefined(yield* (yield* Journal).get("never/written"))
    })
  )

  law(
    "returns the entry that was put, and replaces it by the next version",
    Effect.gen(function* () {
      const journal = yield* Journal
      const first = yield* journal.put("over", resendStarted, undefined)
      assert.strictEqual(first?.version, 1)
      assertSame(yield* journal.get("over"), first)
      const second = yield* journal.put("over", mailed, first)
      assert.strictEqual(second?.version, 2)
      assert.deepStrictEqual(second?.step, mailed)
      assertSame(yield* journal.get("over"), second)
    })
  )

  law(
    "writes nothing if the entry has changed since it was read",
    Effect.gen(function* () {
      const journal = yield* Journal
      const first = yield* journal.put("cas", resendStarted, undefined)
      assert.isUndefined(yield* journal.put("cas", mailed, undefined), "the key has an entry already")
      const second = yield* journal.put("cas", mailed, first)
      assert.isUndefined(yield* journal.put("cas", InDoubt.make({ seatId }), first), "the entry was replaced")
      assert.isUndefined(yield* journal.put("cas/never", mailed, first), "the key never had an entry")
      assertSame(yield* journal.get("cas"), second)
      assert.isUndefined(yield* journal.get("cas/never"))
    })
  )

  law(
    "lets exactly one of many concurrent writers write",
    Effect.gen(function* () {
      const journal = yield* Journal
      let found: Entry | undefined
      for (let version = 1; version <= 5; version++) {
        const before: Entry | undefined = found
        const written: ReadonlyArray<Entry | undefined> = yield* Effect.all(
          Array.from({ length: 20 }, () => journal.put("race", NotMailed.make({ seatId }), before)),
          { concurrency: "unbounded" }
        )
        const [winner, ...others] = written.filter((entry) => entry !== undefined)
        assert.strictEqual(others.length, 0)
        assert.strictEqual(winner?.version, version)
        found = winner
      }
    })
  )

  law(
    "streams each key once, with its latest entry",
    Effect.gen(function* () {
      const journal = yield* Journal
      const keys = Array.from({ length: 50 }, (_, index) => `many/${index}/ünï@example.com`)
      yield* Effect.forEach(
        keys,
        (key) => Effect.flatMap(journal.put(key, resendStarted, undefined), (found) => journal.put(key, mailed, found)),
        { concurrency: 16 }
      )
      const all = yield* Stream.runCollect(Stream.filter(journal.entries, ({ key }) => key.startsWith("many/")))
      assert.deepStrictEqual(all.map(({ key }) => key).toSorted(), keys.toSorted())
      assert.isTrue(all.every(({ step, version }) => version === 2 && step._tag === "Mailed"))
    })
  )

  it.live.prop(
    `${name}: reads every step as it was written`,
    [JournalStep],
    ([step]) =>
      Effect.gen(function* () {
        const journal = yield* Journal
        const key = `step/${crypto.randomUUID()}`
        const written = yield* journal.put(key, step, undefined)
        assertSame(yield* journal.get(key), written)
      }).pipe(Effect.provide(layer)),
    { arbitrary: { runs: 20 } }
  )

  if (isLasting) {
    it.live(`${name}: keeps its entries after its layer ends`, () =>
      Effect.gen(function* () {
        const written = yield* Effect.provide(
          Effect.flatMap(Journal, (journal) => journal.put("lasting", resendStarted, undefined)),
          layer
        )
        yield* Effect.flatMap(Journal, (journal) =>
          Effect.gen(function* () {
            assertSame(yield* journal.get("lasting"), written)
            assert.strictEqual((yield* journal.put("lasting", mailed, written))?.version, 2)
          })
        ).pipe(Effect.provide(layer))
      })
    )
  }

  if (isShared) {
    it.live(`${name}: lets exactly one of several open journals write`, () =>
      Effect.gen(function* () {
        const each = Effect.flatMap(Journal, (journal) =>
          Effect.forEach(
            Array.from({ length: 50 }, (_, index) => `shared/${index}`),
            (key) => journal.put(key, resendStarted, undefined)
          )
        ).pipe(Effect.provide(layer, { local: true }))
        const all = yield* Effect.all([each, each, each, each], { concurrency: "unbounded" })
        for (let index = 0; index < 50; index++) {
          assert.strictEqual(all.filter((written) => written[index] !== undefined).length, 1)
        }
      })
    )
  }
}
