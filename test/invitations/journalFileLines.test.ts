import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Attempt, type Content, Entry, Journal } from "@polar-seats/invitations/Journal"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import { DateTime, Effect, Layer, Result, Schema, Stream } from "effect"
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { assertSame, content, resendStarted } from "./journalLaws.ts"
import { openedAppendedAndKilled } from "./largeJournal.ts"

const directory = mkdtempSync(join(tmpdir(), "polar-seats-lines-"))
afterAll(() => rmSync(directory, { recursive: true }))
let files = 0
const newPath = () => join(directory, `${files++}.ndjson`)
const open = <A, E>(path: string, body: (journal: Journal["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(Effect.flatMap(Journal, body), Layer.provide(JournalFile.layer(path), NodeServices.layer), {
    local: true
  })

const EntryJson = Schema.fromJsonString(Schema.toCodecJson(Entry))
const lineOf = Schema.encodeSync(EntryJson)
const decode = Schema.decodeUnknownResult(EntryJson)
const header = '{"journal":"polar-seats","version":2}'
const write = (path: string, lines: ReadonlyArray<string>) => writeFileSync(path, `${[header, ...lines].join("\n")}\n`)

const at = (minutes: number) => DateTime.add(DateTime.makeUnsafe("2026-11-29T00:00:00Z"), { minutes })
const seatId = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
const mailed = (minutes: number): Content["mailed"] => ({ at: at(minutes), seatId, how: "Resent", revoked: null })
const doubt = (minutes: number): Content["doubt"] => ({ at: at(minutes), seatId })
const resend = (id: string, minutes: number) =>
  Attempt.cases.Resend.make({ id, owner: id, startedAt: at(minutes), until: at(minutes + 1), seatId })
const entry = (version: number, given: Partial<Content>, key = "a"): Entry => ({
  key,
  version,
  at: at(version),
  ...content(given)
})
const known = (entry: Entry | undefined) => ({ ...entry, at: undefined })

describe("the lines of a key whose versions do not follow one another", () => {
  // A process that had lost the file has added one of the lines of version 2
  it.live.each([
    {
      what: "tell of both mails if they have one version",
      lines: [entry(1, {}), entry(2, { mailed: mailed(5) }), entry(2, { doubt: doubt(9) })],
      joined: entry(2, { mailed: mailed(5), doubt: doubt(9) })
    },
    {
      what: "leave the resend of the other process in doubt if they have one version",
      lines: [entry(1, {}), entry(2, { attempt: resend("one", 3) }), entry(2, { attempt: resend("lost", 4) })],
      joined: entry(2, { attempt: resend("lost", 4), doubt: doubt(3) })
    },
    {
      what: "tell of the mail of an older version that came late, and keep the attempt of the newer one",
      lines: [
        entry(1, {}),
        entry(2, {}),
        entry(3, { attempt: resend("one", 3) }),
        entry(2, { mailed: mailed(1), attempt: resend("lost", 4) })
      ],
      joined: entry(3, { mailed: mailed(1), attempt: resend("one", 3) })
    },
    {
      what: "tell of the mail before a version that is missing",
      lines: [entry(1, { mailed: mailed(1) }), entry(3, { doubt: doubt(2) })],
      joined: entry(3, { mailed: mailed(1), doubt: doubt(2) })
    },
    {
      what: "still tell of the mail of the other process after lines that follow",
      lines: [
        entry(1, {}),
        entry(2, { mailed: mailed(9) }),
        entry(2, { attempt: resend("one", 3) }),
        entry(3, { mailed: mailed(4) }),
        entry(4, { doubt: doubt(2) })
      ],
      joined: entry(4, { mailed: mailed(9), doubt: doubt(2) })
    }
  ])("$what", ({ joined, lines }) =>
    Effect.gen(function* () {
      const path = newPath()
      write(
        path,
        lines.map((each) => lineOf(each))
      )
      yield* open(path, (journal) =>
        Effect.gen(function* () {
          const found = yield* journal.get("a")
          assert.deepStrictEqual(known(found), known(joined))
          const attempts = yield* Stream.runCollect(journal.attempts)
          assert.lengthOf(attempts, joined.attempt === null ? 0 : 1)
          assert.lengthOf(yield* journal.ofSeat(seatId), 1)
          assert.strictEqual((yield* journal.put("a", content({}), found))?.version, joined.version + 1)
        })
      )
      yield* open(path, ({ get }) =>
        Effect.map(get("a"), (found) => {
          const { doubt, mailed } = joined
          assert.deepStrictEqual({ ...known(found) }, known({ ...entry(joined.version + 1, { doubt, mailed }) }))
        })
      )
    })
  )
})

describe("a line that a newer one has replaced", () => {
  const sound = lineOf(entry(1, { mailed: mailed(3), doubt: doubt(4) }))
  const attempt = lineOf(entry(1, { attempt: resend("one", 3) }))
  // Each place of the line in turn, so that no part of it goes unjudged
  const damaged = [sound, attempt].flatMap((line) =>
    Array.from({ length: line.length }, (_, index) => line.slice(0, index) + "9" + line.slice(index + 1))
  )
  const renamed = [
    sound.replace('"mailed":', '"mailedByPost":'),
    sound.replace('"Resent"', '"Called"'),
    attempt.replace('"_tag":"Resend"', '"_tag":"Call"'),
    sound.replace("2026-11-29", "2026-11-31"),
    sound.replace("2026-11-29", "2026-02-29"),
    sound.replace('"version":1', '"version":1.5'),
    sound.replace('"version":1', '"version":1e2'),
    sound.replace('"version":1', '"version":"1"'),
    sound.replace('"doubt":', '"more":{"deep":[1,"\\u0041"]},"doubt":'),
    sound.replace('"a"', '"\\u0061"')
  ]

  it.live("spoils its key if the schema cannot read it, and nothing else", () =>
    Effect.gen(function* () {
      const lines = [...damaged, ...renamed].filter((line) => {
        const key: unknown = Result.getOrUndefined(Result.try(() => JSON.parse(line)?.key))
        return key === "a"
      })
      assert.isAbove(lines.length, 300)
      const path = newPath()
      // A key of its own for each line
      const keyed = (line: string, index: number) => line.replace(/"(?:a|\\u0061)"/, `"a/${index}"`)
      const [readable, unreadable] = [new Set<string>(), new Set<string>()]
      lines.forEach((line, index) => (Result.isSuccess(decode(line)) ? readable : unreadable).add(`a/${index}`))
      assert.isAbove(readable.size, 50)
      assert.isAbove(unreadable.size, 100)
      write(
        path,
        lines.flatMap((line, index) => [keyed(line, index), lineOf(entry(2, { mailed: mailed(9) }, `a/${index}`))])
      )
      const text = readFileSync(path, "utf8")
      yield* open(path, (journal) =>
        Effect.gen(function* () {
          for (const key of unreadable) {
            assert.strictEqual((yield* Effect.flip(journal.get(key)))._tag, "UnreadableEntry", key)
            assert.isUndefined(yield* journal.put(key, content({}), undefined))
          }
          for (const key of readable) assert.deepStrictEqual((yield* journal.get(key))?.mailed, mailed(9), key)
          // The newer line of each key can be read
          const found = yield* Stream.runCollect(journal.entries)
          assert.sameMembers(
            found.map(({ key }) => key),
            [...readable, ...unreadable]
          )
          assert.strictEqual((yield* Effect.flip(journal.ofSeat(seatId)))._tag, "UnreadableEntry")
        })
      )
      assert.strictEqual(readFileSync(path, "utf8"), text)
    })
  )
})

describe("a line that cannot be read, after one that can", () => {
  it.live("hides no attempt that is under way", () =>
    Effect.gen(function* () {
      const path = newPath()
      write(path, [lineOf(entry(1, resendStarted, "a")), '{"key":"a","version":2,"of":"a later version"}'])
      yield* open(path, (journal) =>
        Effect.gen(function* () {
          const keys = Effect.map(Stream.runCollect(journal.attempts), (all) => all.map(({ key }) => key))
          assert.deepStrictEqual(yield* keys, ["a"])
          assert.strictEqual((yield* Effect.flip(journal.get("a")))._tag, "UnreadableEntry")
        })
      )
    })
  )
})

describe("a line that somebody else has written", () => {
  it.live("is known by its key and its seat, whatever the order of its members and the spelling of its texts", () =>
    Effect.gen(function* () {
      const path = newPath()
      const key = 'ünï"\\/\u0007@example.com'
      const line = lineOf(entry(1, { mailed: mailed(3) }, key))
      const { key: _, ...rest } = JSON.parse(line)
      const escaped = JSON.stringify(key).replace("ü", "\\u00fc").replace("@", "\\u0040")
      const spelled = JSON.stringify(rest).replaceAll(seatId, seatId.toUpperCase())
      write(path, [`  ${spelled.slice(0, -1)}, "key" : ${escaped} }`])
      yield* open(path, (journal) =>
        Effect.gen(function* () {
          const found = yield* journal.get(key)
          assert.deepStrictEqual(found, entry(1, { mailed: mailed(3) }, key))
          assert.deepStrictEqual(
            (yield* journal.ofSeat(seatId)).map((each) => each.key),
            [key]
          )
          const second = yield* journal.put(key, content({ doubt: doubt(5) }), found)
          assert.strictEqual(second?.version, 2)
          assertSame(yield* journal.get(key), second)
          assert.lengthOf(yield* Stream.runCollect(journal.entries), 1)
        })
      )
    })
  )

  it.live("is read across the pieces of the file, however long it is", () =>
    Effect.gen(function* () {
      const path = newPath()
      const lengths = [10, 1_000_000, 262_144, 3, 700_000, 262_143]
      write(
        path,
        lengths.map((length, index) =>
          lineOf(entry(1, { mailed: mailed(index) }, `é/${index}`)).replace(/\}$/, `,"note":"${"é".repeat(length)}"}`)
        )
      )
      appendFileSync(path, lineOf(entry(1, {}, "last")))
      yield* open(path, (journal) =>
        Effect.gen(function* () {
          for (const index of lengths.keys()) {
            assert.deepStrictEqual((yield* journal.get(`é/${index}`))?.mailed, mailed(index))
          }
          assert.isDefined(yield* journal.get("last"))
        })
      )
    })
  )
})

it.live("keeps each of many entries through thousands of puts of all sizes", () =>
  Effect.gen(function* () {
    const path = newPath()
    const owner = (index: number, round: number) => `${index}/${"x".repeat((index * 37 + round * 1_001) % 3_000)}`
    const people = 200
    yield* open(path, (journal) =>
      Effect.gen(function* () {
        for (let round = 0; round < 15; round++) {
          yield* Effect.forEach(
            Array.from({ length: people }, (_, index) => index),
            (index) =>
              Effect.flatMap(journal.get(`many/${index}`), (found) => {
                assert.strictEqual(found?.attempt?.owner, round === 0 ? undefined : owner(index, round - 1))
                return journal.put(`many/${index}`, content({ attempt: resend(owner(index, round), 1) }), found)
              }),
            { concurrency: "unbounded", discard: true }
          )
        }
      })
    )
    yield* open(path, (journal) =>
      Effect.gen(function* () {
        const found = yield* Stream.runCollect(journal.attempts)
        assert.sameMembers(
          found.map(({ attempt, key, version }) => `${key} ${version} ${attempt?.owner}`),
          Array.from({ length: people }, (_, index) => `many/${index} 15 ${owner(index, 14)}`)
        )
      })
    )
  })
)

it.live(
  "knows 20,000 people after two processes have opened it, added to it, and were killed",
  () => openedAppendedAndKilled(newPath(), 20_000),
  60_000
)
