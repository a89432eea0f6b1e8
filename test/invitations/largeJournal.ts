import { NodeServices } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Journal } from "@polar-seats/invitations/Journal"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import { DateTime, Effect, Layer, Stream } from "effect"
import { closeSync, existsSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { firstLine, launch, whenPrinted, whenReady } from "../../scripts/launch.ts"
import { content, resendStarted } from "./journalLaws.ts"

const megabyte = 1024 * 1024
const writer = fileURLToPath(new URL("fileWriter.ts", import.meta.url))
const seatId = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
const keyOf = (index: number) => `subscription/e5149aae-e521-42b9-b24c-abb3d71eea2e/person-${index}@acme.com`
const layerOf = (path: string) => Layer.provide(JournalFile.layer(path), NodeServices.layer)

/** Writes a journal as a run over so many people leaves it: two lines each, and the last attempt is open. */
const fill = (path: string, people: number) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const found = yield* journal.put(keyOf(0), resendStarted, undefined)
    const mailed = { at: DateTime.makeUnsafe("2026-11-29T00:00:00Z"), seatId, how: "Resent", revoked: null } as const
    yield* journal.put(keyOf(0), content({ mailed }), found)
  }).pipe(
    Effect.provide(layerOf(path)),
    Effect.andThen(
      Effect.sync(() => {
        const [, first = "", second = ""] = readFileSync(path, "utf8").split("\n")
        const file = openSync(path, "a")
        for (let from = 1; from < people; from += 1_000) {
          let lines = ""
          for (let index = from; index < Math.min(from + 1_000, people); index++) {
            lines += `${first.replace(keyOf(0), keyOf(index))}\n`
            if (index < people - 1) lines += `${second.replace(keyOf(0), keyOf(index))}\n`
          }
          writeSync(file, lines)
        }
        closeSync(file)
        return { liveBytes: people * (second.length + 1) }
      })
    )
  )

/** A process that opens the journal, adds to it for a moment, and is killed. */
const openedAndKilled = async (path: string, from: number) => {
  const began = performance.now()
  const launched = launch(process.execPath, [writer, path, String(from)])
  await whenReady(launched, firstLine(launched), 120_000)
  const seconds = (performance.now() - began) / 1000
  const isBusy = ({ stdout }: { readonly stdout: string }) => stdout.split("\n").length > 50
  await whenReady(
    launched,
    whenPrinted(launched, (output) => (isBusy(output) ? true : undefined))
  )
  const status = `/proc/${launched.child.pid}/status`
  // Only Linux tells
  const [kilobytes = "NaN"] = existsSync(status) ? (/(?<=VmHWM:\s+)\d+/.exec(readFileSync(status, "utf8")) ?? []) : []
  await launched.stop("SIGKILL")
  // Spare the next process the wait for the dead one's lease
  unlinkSync(`${path}.lock`)
  return { seconds, megabytes: Number(kilobytes) / 1024, reported: launched.printed.stdout.split("\n").slice(0, -1) }
}

/**
 * Fills a journal, and lets two processes after each other open it, add to it and be killed. Checks that it still knows
 * everybody. Returns what each opening took, and what all lines that count take as text.
 */
export const openedAppendedAndKilled = (path: string, people: number) =>
  Effect.gen(function* () {
    const { liveBytes } = yield* fill(path, people)
    const first = yield* Effect.promise(() => openedAndKilled(path, 0))
    const second = yield* Effect.promise(() => openedAndKilled(path, 100_000_000))
    const size = statSync(path).size
    yield* Effect.gen(function* () {
      const journal = yield* Journal
      const added = new Set([...first.reported, ...second.reported])
      assert.isAtLeast(added.size, 2)
      const count = yield* Stream.runFold(
        journal.entries,
        () => 0,
        (known, { key }) => {
          added.delete(key)
          return known + 1
        }
      )
      assert.deepStrictEqual(Array.from(added), [], "every put that returned is there")
      const unreported = count - people - first.reported.length - second.reported.length
      assert.isTrue(unreported >= 0 && unreported <= 2, "at most one put of each process was on its way")
      const open = yield* Stream.runCollect(
        Stream.filter(journal.attempts, ({ key }) => key.startsWith("subscription"))
      )
      assert.deepStrictEqual(
        open.map(({ key }) => key),
        [keyOf(people - 1)]
      )
      for (const index of [0, Math.floor(people / 2), people - 2]) {
        assert.strictEqual((yield* journal.get(keyOf(index)))?.version, 2)
      }
      assert.isUndefined(yield* journal.get(keyOf(people)))
    }).pipe(Effect.provide(layerOf(path)))
    return { first, second, fileMegabytes: size / megabyte, liveMegabytes: liveBytes / megabyte }
  })
