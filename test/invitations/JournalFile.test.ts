import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { type Entry, Journal, JournalStep } from "@polar-seats/invitations/Journal"
import { SeatId } from "@polar-seats/domain/Seat"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import { Effect, Fiber, FileSystem, Layer, PlatformError, Stream } from "effect"
import { execFileSync } from "node:child_process"
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"
import { firstLine, launch, whenReady } from "../../scripts/launch.ts"
import { laws } from "./journalLaws.ts"

const directory = mkdtempSync(join(tmpdir(), "polar-seats-file-"))
afterAll(() => rmSync(directory, { recursive: true }))
let files = 0
const newPath = () => join(directory, `${files++}.ndjson`)

const layerOf = (path: string) => Layer.provide(JournalFile.layer(path), NodeServices.layer)

laws("file", { layer: layerOf(newPath()), isLasting: true, isShared: false })

const seatId = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
const resendStarted = JournalStep.cases.ResendStarted.make({ seatId })
const put = (key: string, found?: Entry) => Effect.flatMap(Journal, (journal) => journal.put(key, resendStarted, found))
const open = <A, E>(path: string, body: Effect.Effect<A, E, Journal>) => Effect.provide(body, layerOf(path))
const keys = Effect.flatMap(Journal, ({ entries }) =>
  Effect.map(Stream.runCollect(entries), (all) => all.map(({ key }) => key).toSorted())
)
const refusal = (path: string) => Effect.flip(open(path, keys))

it.live("makes the file readable by its owner only, and drops replaced entries when it opens", () =>
  Effect.gen(function* () {
    const path = newPath()
    yield* open(
      path,
      Effect.flatMap(put("a"), (first) => put("a", first))
    )
    assert.strictEqual(readFileSync(path, "utf8").trim().split("\n").length, 3)
    yield* open(path, keys)
    assert.strictEqual(readFileSync(path, "utf8").trim().split("\n").length, 2)
    assert.strictEqual(statSync(path).mode & 0o777, 0o600)
    assert.isFalse(existsSync(`${path}.lock`) || existsSync(`${path}.new`), "no other file is left")
  })
)

it.live("ignores half a line at the end of the file, wherever it was cut", () =>
  Effect.gen(function* () {
    const path = newPath()
    yield* open(path, Effect.andThen(put("a"), put("b")))
    const whole = statSync(path).size
    const end = readFileSync(path, "utf8").trimEnd().lastIndexOf("\n") + 1
    for (const size of [whole - 1, whole - 10, end + 1, end]) {
      truncateSync(path, size)
      assert.deepStrictEqual(yield* open(path, keys), ["a"])
      yield* open(path, put("b"))
      assert.deepStrictEqual(yield* open(path, keys), ["a", "b"])
    }
  })
)

it.live("refuses a file that is not a journal, and leaves it unchanged", () =>
  Effect.gen(function* () {
    for (const text of ["Dear diary,\n", "no line break", '{"journal":"polar-seats","version":2}\n', "\n"]) {
      const path = newPath()
      writeFileSync(path, text)
      const error = yield* refusal(path)
      assert.deepInclude(error, { _tag: "JournalFileError", reason: "NotAJournal" })
      assert.include(error.message, `${path} is not a journal and was left unchanged`)
      assert.strictEqual(readFileSync(path, "utf8"), text)
    }
  })
)

it.live("names the number of a malformed line", () =>
  Effect.gen(function* () {
    const path = newPath()
    yield* open(path, put("a"))
    appendFileSync(path, '{"key":"ann@acme.com"}\n')
    const { message } = yield* refusal(path)
    assert.include(message, "line 3 is not an entry")
    assert.notInclude(message, "ann@acme.com")
  })
)

it.live("fails as Inaccessible if the path cannot be opened", () =>
  Effect.gen(function* () {
    const missing = join(directory, "no-such-directory", "file")
    assert.deepInclude(yield* refusal(missing), { _tag: "JournalFileError", reason: "Inaccessible" })
    const itself = newPath()
    mkdirSync(itself)
    assert.deepInclude(yield* refusal(itself), { _tag: "JournalFileError", reason: "Inaccessible" })
  })
)

it.live("leaves a pipe and a broken link unchanged", () =>
  Effect.gen(function* () {
    const fifo = newPath()
    execFileSync("mkfifo", [fifo])
    const nowhere = newPath()
    const target = newPath()
    symlinkSync(target, nowhere)
    for (const path of [fifo, nowhere]) {
      const before = lstatSync(path)
      const { message } = yield* refusal(path)
      assert.match(message, /cannot be used as a journal: it is (not a regular file|a broken link)\./)
      assert.deepInclude(lstatSync(path), { ino: before.ino, mode: before.mode })
    }
    assert.isFalse(existsSync(target))
  })
)

it.live("turns an empty file into a journal, and keeps a link to it a link", () =>
  Effect.gen(function* () {
    const path = newPath()
    writeFileSync(path, "")
    const link = newPath()
    symlinkSync(path, link)
    yield* open(link, put("a"))
    assert.deepStrictEqual(yield* open(path, keys), ["a"])
  })
)

const writer = fileURLToPath(new URL("fileWriter.ts", import.meta.url))

/** A process that writes one key after another, and prints each after it is written. */
const startWriter = async (path: string, from: number) => {
  const launched = launch(process.execPath, [writer, path, String(from)])
  await whenReady(launched, firstLine(launched))
  return { stop: () => launched.stop("SIGKILL"), written: () => launched.printed.stdout.split("\n").slice(0, -1) }
}

it.live(
  "keeps the file readable and every reported entry when its writers are killed",
  () =>
    Effect.gen(function* () {
      const path = newPath()
      const reported: Array<string> = []
      for (let round = 0; round < 3; round++) {
        const { stop, written } = yield* Effect.promise(() => startWriter(path, round * 100_000))
        yield* Effect.sleep(50 + 37 * round)
        yield* Effect.promise(stop)
        reported.push(...written())
        // Spare the next writer the wait for the dead one's lease
        unlinkSync(`${path}.lock`)
      }
      assert.isAbove(reported.length, 3)
      const found = new Set(yield* open(path, keys))
      assert.deepStrictEqual(
        reported.filter((key) => !found.has(key)),
        []
      )
      assert.isAtMost(found.size, reported.length + 3, "at most one unreported entry per writer")
    }),
  30_000
)

it.live(
  "refuses a second process while the first one lives, and admits it soon after the first is killed",
  () =>
    Effect.gen(function* () {
      const path = newPath()
      const { stop, written } = yield* Effect.promise(() => startWriter(path, 0))
      const error = yield* refusal(path)
      assert.deepInclude(error, { _tag: "JournalFileError", reason: "InUse" })
      const before = written().length
      // The first process continues
      yield* Effect.repeat(Effect.sleep(10), { until: () => written().length > before })
      yield* Effect.promise(stop)

      const started = performance.now()
      // If two processes take over a dead one's lease, one gets it
      const fibers = yield* Effect.all([
        Effect.forkChild(Effect.exit(open(path, Effect.andThen(keys, Effect.sleep("1 second"))))),
        Effect.forkChild(Effect.exit(open(path, Effect.andThen(keys, Effect.sleep("1 second")))))
      ])
      const exits = yield* Effect.forEach(fibers, Fiber.join)
      assert.strictEqual(exits.filter(({ _tag }) => _tag === "Success").length, 1)
      assert.isBelow(performance.now() - started, 8_000)
      assert.isFalse(existsSync(`${path}.lock`))
    }),
  30_000
)

it.live("writes nothing more after another process has taken the file over", () =>
  Effect.gen(function* () {
    const path = newPath()
    const error = yield* open(
      path,
      Effect.gen(function* () {
        yield* put("a")
        writeFileSync(`${path}.lock`, "somebody else")
        return yield* Effect.flip(put("b"))
      })
    )
    assert.strictEqual(error._tag, "JournalError")
    assert.include(error.message, "another process has taken it over")
    unlinkSync(`${path}.lock`)
    assert.deepStrictEqual(yield* open(path, keys), ["a"])
  })
)

it.live("writes nothing more after half a write, and has all whole entries when opened again", () =>
  Effect.gen(function* () {
    const path = newPath()
    let room = Number.POSITIVE_INFINITY
    const full = Layer.effect(
      FileSystem.FileSystem,
      Effect.map(FileSystem.FileSystem, (fs) => ({
        ...fs,
        open: (name: string, options?: Parameters<typeof fs.open>[1]) =>
          Effect.map(fs.open(name, options), (file) =>
            Object.assign(Object.create(file), {
              writeAll: (bytes: Uint8Array) =>
                bytes.length <= room
                  ? file.writeAll(bytes)
                  : Effect.andThen(
                      file.writeAll(bytes.subarray(0, room)),
                      Effect.fail(
                        PlatformError.systemError({ _tag: "Unknown", module: "FileSystem", method: "writeAll" })
                      )
                    )
            })
          )
      }))
    )
    yield* Effect.gen(function* () {
      yield* put("a")
      room = 10
      assert.include((yield* Effect.flip(put("b"))).message, "FileSystem.writeAll")
      room = Number.POSITIVE_INFINITY
      assert.include((yield* Effect.flip(put("c"))).message, "Open the journal again")
      assert.deepStrictEqual(yield* keys, ["a"], "a failed write leaves no entry")
    }).pipe(Effect.provide(JournalFile.layer(path).pipe(Layer.provide(full), Layer.provide(NodeServices.layer))))
    assert.deepStrictEqual(yield* open(path, Effect.andThen(put("b"), keys)), ["a", "b"])
  })
)
