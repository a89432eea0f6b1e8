import { assert, it } from "@effect/vitest"
import { Attempt, type Content, Entry, Journal } from "@polar-seats/invitations/Journal"
import { SeatId } from "@polar-seats/domain/Seat"
import { DateTime, Effect, type Layer, Schema, Stream } from "effect"

const at = (minutes: number) => DateTime.add(DateTime.makeUnsafe("2026-11-23T00:00:00Z"), { minutes })
export const seatId = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
const otherSeatId = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5c")

/** The content of an entry that says nothing but what is given. */
export const content = (given: Partial<Content>): Content => ({ mailed: null, doubt: null, attempt: null, ...given })

const resend = Attempt.cases.Resend.make({ id: "test/1", owner: "test", startedAt: at(0), until: at(1), seatId })
/** A resend under way. */
export const resendStarted = content({ attempt: resend })
const mailedAt = (minutes: number, id = seatId) =>
  ({ at: at(minutes), seatId: id, how: "Resent", revoked: null }) as const
const doubtAt = (minutes: number, id = seatId) => ({ at: at(minutes), seatId: id })
export const mailed = content({ mailed: mailedAt(1) })
export const doubted = content({ doubt: doubtAt(1) })

const toJson = Schema.encodeSync(Schema.toCodecJson(Schema.NullOr(Entry)))
// JSON knows no -0, which metadata may hold
const inJson = (entry: Entry | undefined): unknown => JSON.parse(JSON.stringify(toJson(entry ?? null)))
export const assertSame = (one: Entry | undefined, other: Entry | undefined) =>
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
      assert.deepStrictEqual(second?.mailed, mailed.mailed)
      assert.isNull(second?.attempt ?? null)
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
      assert.isUndefined(yield* journal.put("cas", content({ doubt: doubtAt(1) }), first), "the entry was replaced")
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
          Array.from({ length: 20 }, () => journal.put("race", resendStarted, before)),
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
      assert.isTrue(all.every(({ attempt, mailed, version }) => version === 2 && mailed !== null && attempt === null))
    })
  )

  law(
    "forgets no mail and no doubt, whatever is put over it",
    Effect.gen(function* () {
      const journal = yield* Journal
      const known = { mailed: mailedAt(10), doubt: doubtAt(20) }
      const first = yield* journal.put("grows", content(known), undefined)
      assert.isDefined(first)
      const second = yield* journal.put(
        "grows",
        content({ mailed: mailedAt(5), attempt: resendStarted.attempt }),
        first
      )
      assert.deepInclude(second, known, "neither an older mail nor none replaces what is known")
      const third = yield* journal.put("grows", content({ mailed: mailedAt(30) }), second)
      assert.deepInclude(third, { mailed: mailedAt(30), doubt: doubtAt(20), attempt: null })
      assertSame(yield* journal.get("grows"), third)
    })
  )

  law(
    "finds the entries that speak of a seat, as long as they do",
    Effect.gen(function* () {
      const journal = yield* Journal
      const id = SeatId.make(crypto.randomUUID())
      const ofSeat = Effect.map(journal.ofSeat(id), (entries) => entries.map(({ key }) => key).toSorted())
      assert.deepStrictEqual(yield* ofSeat, [])
      const ann = yield* journal.put("of/ann", content({ mailed: mailedAt(1, id) }), undefined)
      yield* journal.put("of/bob", content({ doubt: doubtAt(1, id) }), undefined)
      assert.deepStrictEqual(yield* ofSeat, ["of/ann", "of/bob"])
      // She was mailed for one seat, and is being mailed for the other
      const moved = content({ mailed: mailedAt(2, otherSeatId), attempt: { ...resend, seatId: id } })
      const both = yield* journal.put("of/ann", moved, ann)
      assert.deepStrictEqual(yield* ofSeat, ["of/ann", "of/bob"])
      yield* journal.put("of/ann", content({ mailed: mailedAt(2, otherSeatId) }), both)
      assert.deepStrictEqual(yield* ofSeat, ["of/bob"])
    })
  )

  law(
    "finds both entries of two people who are written down for one seat at the same time",
    Effect.gen(function* () {
      const journal = yield* Journal
      const id = SeatId.make(crypto.randomUUID())
      const keys = Array.from({ length: 10 }, (_, index) => `at-once/${index}`)
      yield* Effect.forEach(keys, (key) => journal.put(key, content({ mailed: mailedAt(1, id) }), undefined), {
        concurrency: "unbounded"
      })
      const found = (yield* journal.ofSeat(id)).map(({ key }) => key)
      assert.deepStrictEqual(found.toSorted(), keys)
    })
  )

  law(
    "streams the entries with an attempt apart",
    Effect.gen(function* () {
      const journal = yield* Journal
      yield* journal.put("open/a", resendStarted, undefined)
      yield* journal.put("open/b", mailed, yield* journal.put("open/b", resendStarted, undefined))
      const open = yield* Stream.runCollect(Stream.filter(journal.attempts, ({ key }) => key.startsWith("open/")))
      assert.deepStrictEqual(
        open.map(({ key }) => key),
        ["open/a"]
      )
    })
  )

  it.live.prop(
    `${name}: reads every entry as it was written`,
    [Schema.Struct({ mailed: Entry.fields.mailed, doubt: Entry.fields.doubt, attempt: Entry.fields.attempt })],
    ([each]) =>
      Effect.gen(function* () {
        const journal = yield* Journal
        const key = `step/${crypto.randomUUID()}`
        const written = yield* journal.put(key, each, undefined)
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
