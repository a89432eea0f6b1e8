import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Seats } from "@polar-seats/domain/Seats"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { Invitations } from "@polar-seats/invitations/Invitations"
import { Journal } from "@polar-seats/invitations/Journal"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import { DateTime, Effect, FileSystem, Layer, PlatformError, Stream } from "effect"
import { execFileSync, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"
import { mountDisk, whyNoDisk } from "../smallDisk.ts"
import { resendStarted } from "./journalLaws.ts"
import { mailedTo, remindAll } from "./processes.ts"
import { source, teamOf, token } from "./team.ts"

const directory = mkdtempSync(join(tmpdir(), "polar-seats-processes-"))
afterAll(() => rmSync(directory, { recursive: true }))
let files = 0
const newPath = () => join(directory, `${files++}.ndjson`)

const now = new Date().toISOString()
const teamWith = (live: number) => Layer.orDie(SeatsMemory.layer(teamOf(DateTime.makeUnsafe(now), { live }), token))
const over = (path: string, live: number) =>
  Effect.provide(
    Invitations.layer.pipe(
      Layer.provideMerge(Layer.merge(teamWith(live), Layer.provide(JournalFile.layer(path), NodeServices.layer)))
    )
  )

const resender = fileURLToPath(new URL("pausedResender.ts", import.meta.url))

interface Answer {
  readonly tag: string
  readonly message: string
  readonly mails: number
}

/** A process that resends, and that has stopped itself on the way. It ends with the scope. */
const stoppedResender = (path: string, where: string) =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [resender, path, where, now], { stdio: ["ignore", "pipe", "inherit"] })
      ),
      (started) => Effect.sync(() => started.kill("SIGKILL"))
    )
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const line = Effect.promise(async () => String((await lines.next()).value))
    const ended = new Promise((resolve) => child.on("close", resolve))
    assert.strictEqual(yield* line, "stopped")
    const state = Effect.sync(() => execFileSync("ps", ["-o", "state=", "-p", String(child.pid)], { encoding: "utf8" }))
    yield* Effect.repeat(Effect.andThen(Effect.sleep(20), state), { until: (text) => text.startsWith("T") })
    /** Continues the process, and returns what it says in the end. */
    const proceed = Effect.gen(function* () {
      child.kill("SIGCONT")
      const answer: Answer = JSON.parse(yield* line)
      yield* Effect.promise(() => ended)
      return answer
    })
    return { proceed }
  })

describe("a process that is stopped across its lease, and whose file another process has taken over", () => {
  const address = "live-0@acme.com"
  const stoppedAndContinued = (where: string) =>
    Effect.gen(function* () {
      const path = newPath()
      const { proceed } = yield* stoppedResender(path, where)
      const { ino } = statSync(path)
      const answer = yield* Effect.gen(function* () {
        // It takes the file over, and mails the same person if nothing tells of a mail
        const outcome = yield* remindAll()
        const answer = yield* proceed
        assert.deepEqual(outcome, { [address]: where === "before its line is written" ? "Resent" : "InDoubt" })
        // The new holder goes on
        assert.isDefined(yield* (yield* Journal).put("another", resendStarted, undefined))
        return answer
      }).pipe(over(path, 1))
      assert.strictEqual(answer.mails, 0, where)
      assert.strictEqual(statSync(path).ino, ino, "the line is in the same file")
      assert.lengthOf(
        readFileSync(path, "utf8")
          .split("\n")
          .filter((text) => text.includes(`/${address}"`) && text.includes('"version":1')),
        where === "before its line is written" ? 2 : 1
      )
      const words = yield* remindAll().pipe(over(path, 1))
      assert.deepEqual(words, { [address]: where === "before its line is written" ? "MailedRecently" : "InDoubt" })
      return answer
    }).pipe(Effect.scoped)

  it.live(
    "is told so and mails nobody, and its line in the same file does no harm",
    () =>
      Effect.gen(function* () {
        const places = ["before its line is written", "after its line is written", "before its mail leaves"]
        for (const answer of yield* Effect.forEach(places, stoppedAndContinued, { concurrency: "unbounded" })) {
          assert.strictEqual(answer.tag, "JournalError")
          assert.include(answer.message, "another process has taken it over")
        }
      }),
    60_000
  )

  it.live(
    "does not touch the lock of the new holder, and leaves it when it ends",
    () =>
      Effect.gen(function* () {
        const path = newPath()
        const lock = `${path}.lock`
        const { proceed } = yield* stoppedResender(path, "before its line is written")
        writeFileSync(`${lock}.new`, "the new holder")
        utimesSync(`${lock}.new`, 1_000_000, 1_000_000)
        renameSync(`${lock}.new`, lock)
        assert.strictEqual((yield* proceed).tag, "JournalError")
        assert.strictEqual(statSync(lock).mtimeMs, 1_000_000_000)
        assert.strictEqual(readFileSync(lock, "utf8"), "the new holder")
      }).pipe(Effect.scoped),
    30_000
  )

  it.live("does not give a sign of life in the new holder's name, however long it goes on", () =>
    Effect.gen(function* () {
      const path = newPath()
      const lock = `${path}.lock`
      yield* Effect.gen(function* () {
        writeFileSync(`${lock}.new`, "the new holder")
        utimesSync(`${lock}.new`, 1_000_000, 1_000_000)
        renameSync(`${lock}.new`, lock)
        // Two heartbeats
        yield* Effect.sleep("1200 millis")
        assert.strictEqual(statSync(lock).mtimeMs, 1_000_000_000)
      }).pipe(over(path, 1))
      assert.strictEqual(statSync(lock).mtimeMs, 1_000_000_000)
    })
  )
})

describe("a journal that cannot be written", () => {
  const people = Array.from({ length: 20 }, (_, index) => `live-${index}@acme.com`)

  /** A run over a journal that fails after two mails, and the run that is started again once it works. */
  const stopsAndGoesOn = (path: string, breakIt: () => void, mendIt: () => void, words: string) =>
    Effect.gen(function* () {
      const sent = yield* Effect.gen(function* () {
        const seen: Array<string> = []
        const { remind } = yield* Invitations
        const error = yield* Effect.flip(
          Stream.runForEach(remind(source, { concurrency: 1 }), (outcome) =>
            Effect.sync(() => {
              seen.push(outcome._tag)
              if (seen.length === 2) breakIt()
            })
          )
        )
        assert.strictEqual(error._tag, "JournalError")
        assert.include(error.message, words)
        assert.isTrue(seen.every((tag) => tag === "Resent"))
        const mails = yield* mailedTo
        assert.lengthOf(mails, seen.length, "every mail is reported")
        return mails
      }).pipe(over(path, people.length))
      mendIt()
      yield* Effect.gen(function* () {
        const words = yield* remindAll()
        const mails = yield* mailedTo
        assert.deepEqual(Object.keys(words), people)
        assert.deepEqual([...sent, ...mails].length, new Set([...sent, ...mails]).size, "nobody is mailed twice")
        // The person whose mail was about to leave, or had left, may be in doubt
        const missing = people.filter((address) => !sent.includes(address) && !mails.includes(address))
        assert.isAtMost(missing.length, 1)
        assert.isTrue(missing.every((address) => words[address] === "InDoubt"))
      }).pipe(over(path, people.length))
      return sent.length
    })

  it.live.skipIf(whyNoDisk !== undefined)(
    "stops the run before the next mail and says that no space is left, and goes on from there",
    ({ onTestFinished }) =>
      Effect.gen(function* () {
        const disk = mountDisk("size=64k", onTestFinished)
        const filler = join(disk, "filler")
        const fill = () => execFileSync("sh", ["-c", `cat /dev/zero > ${filler} || true`], { stdio: "ignore" })
        const path = join(disk, "journal")
        const count = yield* stopsAndGoesOn(path, fill, () => unlinkSync(filler), "no space left on device")
        // The last page of the journal has room for some lines
        assert.isBelow(count, people.length)
      }),
    30_000
  )

  it.live("stops the run if the file is gone, and goes on when it is back", () =>
    Effect.gen(function* () {
      const path = newPath()
      const aside = newPath()
      const away = () => renameSync(path, aside)
      const back = () => renameSync(aside, path)
      assert.isAtMost(yield* stopsAndGoesOn(path, away, back, "the file was removed or replaced"), 3)
    })
  )

  it.live("stops the run with the system's words for any other reason", () =>
    Effect.gen(function* () {
      const path = newPath()
      let isBroken = false
      const cause = new Error("EROFS: read-only file system, write")
      const broken = Layer.effect(
        FileSystem.FileSystem,
        Effect.map(FileSystem.FileSystem, (fs) => ({
          ...fs,
          open: (name: string, options?: Parameters<typeof fs.open>[1]) =>
            Effect.map(fs.open(name, options), (file) =>
              Object.assign(Object.create(file), {
                writeAll: (bytes: Uint8Array) =>
                  Effect.suspend(() =>
                    isBroken && name === path
                      ? Effect.fail(
                          PlatformError.systemError({
                            _tag: "Unknown",
                            module: "FileSystem",
                            method: "writeAll",
                            cause
                          })
                        )
                      : file.writeAll(bytes)
                  )
              })
            )
        }))
      )
      const journal = JournalFile.layer(path).pipe(Layer.provide(broken), Layer.provide(NodeServices.layer))
      yield* Effect.gen(function* () {
        const [seat, other] = (yield* (yield* Seats).list(source)).seats
        assert.isDefined(seat)
        assert.isDefined(other)
        const { resend } = yield* Invitations
        yield* resend(seat)
        isBroken = true
        const error = yield* Effect.flip(resend(other))
        assert.strictEqual(error._tag, "JournalError")
        assert.include(error.message, `${path}: EROFS: read-only file system, write`)
        assert.lengthOf(yield* (yield* Outbox).mails, 1)
      }).pipe(Effect.provide(Invitations.layer.pipe(Layer.provideMerge(Layer.merge(teamWith(2), journal)))))
    })
  )
})
