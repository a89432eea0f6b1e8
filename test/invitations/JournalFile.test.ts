import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Seats } from "@polar-seats/domain/Seats"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { Invitations } from "@polar-seats/invitations/Invitations"
import { type Entry, Journal } from "@polar-seats/invitations/Journal"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import type { RemindOptions } from "@polar-seats/invitations/Reminder"
import { DateTime, Effect, Fiber, FileSystem, Layer, PlatformError, Stream } from "effect"
import { execFileSync } from "node:child_process"
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"
import { firstLine, launch, whenReady } from "../../scripts/launch.ts"
import { assertSame, laws, resendStarted } from "./journalLaws.ts"
import { source, teamOf, token } from "./team.ts"

const directory = mkdtempSync(join(tmpdir(), "polar-seats-file-"))
afterAll(() => rmSync(directory, { recursive: true }))
let files = 0
const newPath = () => join(directory, `${files++}.ndjson`)

const layerOf = (path: string) => Layer.provide(JournalFile.layer(path), NodeServices.layer)

laws("file", { layer: layerOf(newPath()), isLasting: true, isShared: false })

const put = (key: string, found?: Entry) => Effect.flatMap(Journal, (journal) => journal.put(key, resendStarted, found))
const open = <A, E, R>(path: string, body: Effect.Effect<A, E, R>) => Effect.provide(body, layerOf(path))
const keys = Effect.flatMap(Journal, ({ entries }) =>
  Effect.map(Stream.runCollect(entries), (all) => all.map(({ key }) => key).toSorted())
)
const remind = Effect.flatMap(Invitations, (service) =>
  Stream.runCollect(service.remind(source, { concurrency: 1 }))
).pipe(Effect.provide(Invitations.layer))
/** Mails the first person of the team. */
const remindOne = Effect.flatMap(Invitations, (service) =>
  Stream.runCollect(service.remind(source, { address: (address) => address === "live-0@acme.com" }))
).pipe(Effect.provide(Invitations.layer))
const refusal = (path: string) => Effect.flip(open(path, keys))

it.live("makes the file readable by its owner only, and leaves no other file behind", () =>
  Effect.gen(function* () {
    const path = newPath()
    yield* open(
      path,
      Effect.flatMap(put("a"), (first) => put("a", first))
    )
    assert.strictEqual(readFileSync(path, "utf8").trim().split("\n").length, 3)
    assert.strictEqual(statSync(path).mode & 0o777, 0o600)
    assert.deepStrictEqual(
      readdirSync(directory).filter((name) => name.startsWith(basename(path))),
      [basename(path)]
    )
  })
)

it.live("keeps its place, its owner, its mode and every line when it is opened", () =>
  Effect.gen(function* () {
    const path = newPath()
    yield* open(
      path,
      Effect.flatMap(put("a"), (first) => put("a", first))
    )
    const link = newPath()
    symlinkSync(path, link)
    chmodSync(path, 0o640)
    // Only root may give a file away
    if (process.getuid?.() === 0) chownSync(path, 1234, 1234)
    const before = statSync(path)
    const text = readFileSync(path, "utf8")
    assert.deepStrictEqual(yield* open(link, keys), ["a"])
    yield* open(link, put("b"))
    const { gid, ino, mode, uid } = statSync(path)
    assert.deepStrictEqual(
      { gid, ino, mode, uid },
      { gid: before.gid, ino: before.ino, mode: before.mode, uid: before.uid }
    )
    assert.isTrue(lstatSync(link).isSymbolicLink())
    assert.isTrue(readFileSync(path, "utf8").startsWith(text), "lines are only added")
  })
)

it.live("ignores half a line at the end of the file, wherever it was cut", () =>
  Effect.gen(function* () {
    const path = newPath()
    yield* open(path, Effect.andThen(put("a"), put("b")))
    const whole = statSync(path).size
    const end = readFileSync(path, "utf8").trimEnd().lastIndexOf("\n") + 1
    for (const size of [whole - 2, whole - 10, end + 1, end]) {
      truncateSync(path, size)
      assert.deepStrictEqual(yield* open(path, keys), ["a"])
      yield* open(path, put("b"))
      assert.deepStrictEqual(yield* open(path, keys), ["a", "b"])
    }
    const half = newPath()
    writeFileSync(half, '{"journal":"pol')
    assert.deepStrictEqual(yield* open(half, Effect.andThen(put("a"), keys)), ["a"])
  })
)

it.live("reads what an editor leaves: CRLF, blank lines, and no line break at the end", () =>
  Effect.gen(function* () {
    const path = newPath()
    yield* open(path, Effect.andThen(put("a"), put("b")))
    const text = readFileSync(path, "utf8")
    const edits = [`${text}\n`, `${text}  \n\n`, text.replaceAll("\n", "\r\n"), text.trimEnd(), `${text.trimEnd()}\r`]
    for (const edited of edits) {
      writeFileSync(path, edited)
      assert.deepStrictEqual(yield* open(path, keys), ["a", "b"], JSON.stringify(edited.slice(-20)))
      yield* open(path, put("c"))
      assert.deepStrictEqual(yield* open(path, keys), ["a", "b", "c"], JSON.stringify(edited.slice(-20)))
    }
  })
)

it.live("reads a newer line before an older one that was appended later", () =>
  Effect.gen(function* () {
    const path = newPath()
    const second = yield* open(
      path,
      Effect.flatMap(put("a"), (first) => put("a", first))
    )
    const [, older] = readFileSync(path, "utf8").split("\n")
    appendFileSync(path, `${older}\n`)
    yield* open(
      path,
      Effect.flatMap(Journal, (journal) => Effect.map(journal.get("a"), (entry) => assertSame(entry, second)))
    )
  })
)

it.live("refuses a file that is not a journal, and leaves it unchanged", () =>
  Effect.gen(function* () {
    for (const text of ["Dear diary,\n", "no line break", '{"journal":"polar-seats","version":9}\n', "\n"]) {
      const path = newPath()
      writeFileSync(path, text)
      const error = yield* refusal(path)
      assert.deepInclude(error, { _tag: "JournalFileError", reason: "NotAJournal" })
      assert.include(error.message, `${path} is not a journal and was left unchanged`)
      assert.strictEqual(readFileSync(path, "utf8"), text)
    }
  })
)

it.live("is refused if a line names nobody, with the number of the line", () =>
  Effect.gen(function* () {
    for (const line of ["Dear diary,", '{"mailed":"ann@acme.com"}', '"ann@acme.com"', "{"]) {
      const path = newPath()
      yield* open(path, put("a"))
      appendFileSync(path, `${line}\n`)
      const text = readFileSync(path, "utf8")
      const { message } = yield* refusal(path)
      assert.include(message, "line 3 is not an entry")
      assert.notInclude(message, "ann@acme.com")
      assert.strictEqual(readFileSync(path, "utf8"), text)
    }
  })
)

it.live("refuses a file with a second name, through each of its names", () =>
  Effect.gen(function* () {
    const path = newPath()
    yield* open(path, put("a"))
    const other = newPath()
    linkSync(path, other)
    const text = readFileSync(path, "utf8")
    for (const name of [path, other]) {
      const error = yield* refusal(name)
      assert.deepInclude(error, { _tag: "JournalFileError", reason: "Inaccessible" })
      assert.include(error.message, "more than one name (hard links)")
    }
    assert.strictEqual(readFileSync(path, "utf8"), text)
    unlinkSync(other)
    assert.deepStrictEqual(yield* open(path, keys), ["a"])
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

describe("a journal file that is only read", () => {
  const readOnly = (path: string) => Effect.provide(Layer.provide(JournalFile.layerReadOnly(path), NodeServices.layer))
  const team = SeatsMemory.layer(teamOf(DateTime.makeUnsafe(Date.now()), { live: 2 }), token)
  const inAll = (path: string, options: RemindOptions) =>
    Effect.flatMap(Invitations, ({ remind }) => Stream.runCollect(remind(source, options))).pipe(
      Effect.provide(Invitations.layer),
      Effect.provide(Layer.orDie(team)),
      readOnly(path)
    )

  it.live("tells a dry run what a real run would do, and writes nothing at all", () =>
    Effect.gen(function* () {
      const path = newPath()
      yield* Effect.provide(open(path, Effect.asVoid(remindOne)), Layer.orDie(team))
      const before = statSync(path)
      const text = readFileSync(path, "utf8")
      chmodSync(path, 0o400)
      const names = readdirSync(directory).toSorted()
      const outcomes = yield* inAll(path, { dryRun: true })
      assert.deepStrictEqual(
        outcomes.map((outcome) => outcome._tag === "Skipped" && outcome.reason._tag),
        ["MailedRecently", "DryRun"]
      )
      assert.strictEqual(readFileSync(path, "utf8"), text)
      assert.strictEqual(statSync(path).mtimeMs, before.mtimeMs)
      assert.deepStrictEqual(readdirSync(directory).toSorted(), names, "neither a lock nor another file")
    })
  )

  it.live("makes no file, and needs none", () =>
    Effect.gen(function* () {
      const path = newPath()
      assert.lengthOf(yield* inAll(path, { dryRun: true }), 2)
      assert.isFalse(existsSync(path) || existsSync(`${path}.lock`))
    })
  )

  it.live("is read while another process uses it", () =>
    Effect.gen(function* () {
      const path = newPath()
      yield* open(
        path,
        Effect.gen(function* () {
          yield* put("a")
          assert.deepStrictEqual(yield* keys.pipe(readOnly(path)), ["a"])
          yield* put("b")
        })
      )
      assert.deepStrictEqual(yield* open(path, keys), ["a", "b"])
    })
  )

  it.live("refuses a write, so a real run mails nobody", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(inAll(newPath(), {}))
      assert.strictEqual(error._tag, "JournalError")
      assert.include(error.message, "it was opened to be read only")
    })
  )

  it.live("is refused as a journal that is written to is", () =>
    Effect.gen(function* () {
      const path = newPath()
      writeFileSync(path, "Dear diary,\n")
      const error = yield* Effect.flip(keys.pipe(readOnly(path)))
      assert.deepInclude(error, { _tag: "JournalFileError", reason: "NotAJournal" })
    })
  )
})

describe("a line that cannot be read, but that names a person", () => {
  /** Spoils the line of the first person, as damage or a later version would. */
  const spoil = (path: string, replace: (line: string) => string) => {
    const lines = readFileSync(path, "utf8").split("\n")
    const index = lines.findIndex((line) => line.includes("live-0@acme.com"))
    lines[index] = replace(lines[index] ?? "")
    writeFileSync(path, lines.join("\n"))
    return readFileSync(path, "utf8")
  }

  it.live.each([
    { what: "is of a later version", replace: (line: string) => line.replace('"mailed":', '"mailedByPost":') },
    { what: "is damaged", replace: (line: string) => line.replace(/"version":\d+/, '"version":"x"') }
  ])("fails that person alone, mails the others, and stays as it was, if it $what", ({ replace }) =>
    Effect.gen(function* () {
      const path = newPath()
      const { list } = yield* Seats
      const [first] = (yield* list(source)).seats
      assert.isDefined(first)
      yield* open(path, remindOne)
      const text = spoil(path, replace)
      const outcomes = yield* open(path, remind)
      const [failed, resent] = outcomes
      assert.isTrue(failed?._tag === "Failed" && failed.error._tag === "UnreadableEntry")
      assert.strictEqual(
        failed?._tag === "Failed" && failed.error.message,
        "The entry of this person cannot be read (the journal's entry is damaged, or of a later version). Nothing was mailed to them, and it was left as it is: read it with the version that wrote it."
      )
      assert.deepInclude(resent, { _tag: "Resent", address: "live-1@acme.com" })
      for (const which of [first, first.id]) {
        const resend = Effect.flatMap(Invitations, (service) => service.resend(which, { again: true }))
        const error = yield* Effect.flip(open(path, Effect.provide(resend, Invitations.layer)))
        assert.strictEqual(error._tag, "UnreadableEntry", "neither by the seat nor by its id")
      }
      assert.isTrue(readFileSync(path, "utf8").startsWith(text))
      const { mails } = yield* Outbox
      assert.deepStrictEqual(
        (yield* mails).map(({ to }) => to),
        ["live-0@acme.com", "live-1@acme.com"]
      )
    }).pipe(Effect.provide(SeatsMemory.layer(teamOf(DateTime.makeUnsafe(Date.now()), { live: 2 }), token)))
  )
})
