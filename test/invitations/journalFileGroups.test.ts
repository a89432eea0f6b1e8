import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { type Entry, Journal } from "@polar-seats/invitations/Journal"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import { Effect, Exit, Fiber, Layer, Stream } from "effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { resendStarted } from "./journalLaws.ts"
import { slowDisk } from "./slowDisk.ts"

const directory = mkdtempSync(join(tmpdir(), "polar-seats-groups-"))
afterAll(() => rmSync(directory, { recursive: true }))
let files = 0
const newPath = () => join(directory, `${files++}.ndjson`)

const names = (count: number) => Array.from({ length: count }, (_, index) => `key/${index}`)
const put = (key: string, found?: Entry) => Effect.flatMap(Journal, (journal) => journal.put(key, resendStarted, found))
const keys = Effect.flatMap(Journal, ({ entries }) =>
  Effect.map(Stream.runCollect(entries), (all) => all.map(({ key }) => key).toSorted())
)
const keysOnDisk = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => /"key":"([^"]*)"/.exec(line)?.[1] ?? [])
    .toSorted()
const reopened = (path: string) =>
  Effect.provide(keys, Layer.provide(JournalFile.layer(path), NodeServices.layer), { local: true })

/** A journal on a slow disk. */
const onSlowDisk = <A, E>(
  body: (disk: ReturnType<typeof slowDisk>, path: string) => Effect.Effect<A, E, Journal>
): Effect.Effect<A, E | JournalFile.JournalFileError> =>
  Effect.suspend(() => {
    const path = newPath()
    const disk = slowDisk(path)
    return Effect.provide(body(disk, path), Layer.provide(JournalFile.layer(path), disk.layer))
  })
/** Lets the fibers go on until a sync waits at the gate, and whoever can wait behind it does. */
const untilHeld = (disk: ReturnType<typeof slowDisk>, syncs: number) =>
  Effect.andThen(
    Effect.repeat(Effect.sleep(1), { until: () => disk.syncs === syncs }),
    Effect.repeat(Effect.yieldNow, { times: 100 })
  )
const startAll = <A, E, R>(effects: ReadonlyArray<Effect.Effect<A, E, R>>) =>
  Effect.forEach(effects, (effect) => Effect.forkChild(effect))

describe("puts of a journal file that arrive together", () => {
  it.live("return only after a sync of their line, so a crash takes none of them back", () =>
    onSlowDisk((disk, path) =>
      Effect.gen(function* () {
        const early: Array<string> = []
        const returned: Array<string> = []
        const noted = (key: string) =>
          Effect.map(put(key), () => {
            returned.push(key)
            if (!disk.safe().includes(`"${key}"`)) early.push(key)
          })
        const before = disk.syncs
        yield* disk.gate.close
        const fibers = yield* startAll(names(40).map(noted))
        yield* untilHeld(disk, before + 1)
        assert.deepStrictEqual(returned, [], "the sync has not ended")
        yield* disk.gate.open
        yield* Effect.forEach(fibers, Fiber.join)
        assert.deepStrictEqual(early, [])
        disk.crash()
        assert.deepStrictEqual(keysOnDisk(path), names(40).toSorted())
      })
    )
  )

  it.live("share one write and one sync if they arrive during those of another put", () =>
    onSlowDisk((disk, path) =>
      Effect.gen(function* () {
        const { syncs, writes } = disk
        yield* disk.gate.close
        const fibers = yield* startAll(names(40).map((key) => put(key)))
        yield* untilHeld(disk, syncs + 1)
        yield* disk.gate.open
        yield* Effect.forEach(fibers, Fiber.join)
        assert.deepStrictEqual({ syncs: disk.syncs - syncs, writes: disk.writes - writes }, { syncs: 2, writes: 2 })
        assert.deepStrictEqual(keysOnDisk(path), names(40).toSorted())
      })
    )
  )

  it.live("are written in several groups if they are very many", () =>
    onSlowDisk((disk, path) =>
      Effect.gen(function* () {
        const { syncs } = disk
        yield* disk.gate.close
        const fibers = yield* startAll(names(2_500).map((key) => put(key)))
        yield* untilHeld(disk, syncs + 1)
        yield* disk.gate.open
        yield* Effect.forEach(fibers, Fiber.join)
        assert.isAtLeast(disk.syncs - syncs, 4)
        assert.lengthOf(keysOnDisk(path), 2_500)
      })
    )
  )

  it.live("succeed once for each key, although several of them were made for the same version", () =>
    onSlowDisk((disk, path) =>
      Effect.gen(function* () {
        const { syncs } = disk
        yield* disk.gate.close
        const fibers = yield* startAll(
          names(10).flatMap((key) => Array.from({ length: 5 }, () => Effect.map(put(key), (entry) => entry?.key)))
        )
        yield* untilHeld(disk, syncs + 1)
        yield* disk.gate.open
        const written = yield* Effect.forEach(fibers, Fiber.join)
        assert.deepStrictEqual(written.filter((key) => key !== undefined).toSorted(), names(10))
        assert.deepStrictEqual(keysOnDisk(path), names(10))
      })
    )
  )

  it.live("fail together with the system's words if their sync fails, and nothing is written after them", () =>
    onSlowDisk((disk, path) =>
      Effect.gen(function* () {
        yield* put("before")
        const { syncs } = disk
        yield* disk.gate.close
        const first = yield* Effect.forkChild(put("first"))
        yield* untilHeld(disk, syncs + 1)
        disk.failure = "EIO: i/o error, fsync"
        const fibers = yield* startAll(names(20).map((key) => Effect.flip(put(key))))
        yield* Effect.repeat(Effect.yieldNow, { times: 100 })
        yield* disk.gate.open
        assert.isDefined(yield* Fiber.join(first), "the sync before theirs succeeded")
        for (const error of yield* Effect.forEach(fibers, Fiber.join)) {
          assert.strictEqual(error._tag, "JournalError")
          assert.include(error.message, `${path}: EIO: i/o error, fsync`)
        }
        disk.failure = undefined
        const { writes } = disk
        assert.include((yield* Effect.flip(put("after"))).message, "Open the journal again")
        assert.strictEqual(disk.writes, writes)
        assert.deepStrictEqual(yield* keys, ["before", "first"], "a failed put leaves no entry")
        disk.crash()
        return path
      })
    ).pipe(
      Effect.flatMap(reopened),
      Effect.map((found) => assert.deepStrictEqual(found, ["before", "first"]))
    )
  )

  it.live("fail together if their write ends within a line, and the file can be opened again", () =>
    onSlowDisk((disk, path) =>
      Effect.gen(function* () {
        const { syncs } = disk
        yield* disk.gate.close
        const first = yield* Effect.forkChild(put("first"))
        yield* untilHeld(disk, syncs + 1)
        // Two lines and a half
        disk.room = 700
        const fibers = yield* startAll(names(20).map((key) => Effect.exit(put(key))))
        yield* Effect.repeat(Effect.yieldNow, { times: 100 })
        yield* disk.gate.open
        yield* Fiber.join(first)
        const exits = yield* Effect.forEach(fibers, Fiber.join)
        assert.isTrue(exits.every(Exit.isFailure))
        disk.room = Number.POSITIVE_INFINITY
        assert.include((yield* Effect.flip(put("after"))).message, "Open the journal again")
        return path
      })
    ).pipe(
      Effect.flatMap(reopened),
      Effect.map((found) => assert.includeMembers([...names(20), "first"], found))
    )
  )

  it.live("all fail if another process takes the file over meanwhile, and those that wait are not written", () =>
    onSlowDisk((disk, path) =>
      Effect.gen(function* () {
        const { syncs } = disk
        yield* disk.gate.close
        const fibers = yield* startAll(["first", ...names(20)].map((key) => Effect.flip(put(key))))
        yield* untilHeld(disk, syncs + 1)
        writeFileSync(`${path}.lock`, "somebody else")
        yield* disk.gate.open
        for (const error of yield* Effect.forEach(fibers, Fiber.join)) {
          assert.include(error.message, "another process has taken it over")
        }
        assert.deepStrictEqual(keysOnDisk(path), ["first"])
        assert.deepStrictEqual(yield* keys, [])
      })
    )
  )

  it.live("are all on the disk in the end, although some of their callers were interrupted", () =>
    onSlowDisk((disk, path) =>
      Effect.gen(function* () {
        const { syncs } = disk
        yield* disk.gate.close
        const fibers = yield* startAll(names(12).map((key) => put(key)))
        yield* untilHeld(disk, syncs + 1)
        const stopping = yield* startAll(
          fibers.filter((_, index) => index % 3 === 0).map((fiber) => Fiber.interrupt(fiber))
        )
        yield* Effect.repeat(Effect.yieldNow, { times: 100 })
        yield* disk.gate.open
        yield* Effect.forEach(stopping, Fiber.join)
        const exits = yield* Effect.forEach(fibers, Fiber.await)
        assert.isTrue(exits.every((exit, index) => index % 3 === 0 || Exit.isSuccess(exit)))
        assert.deepStrictEqual(keysOnDisk(path), names(12).toSorted())
        assert.deepStrictEqual(yield* keys, names(12).toSorted())
      })
    )
  )
})
