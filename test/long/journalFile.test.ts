import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Journal } from "@polar-seats/invitations/Journal"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import { Effect, Layer, Stream } from "effect"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { content } from "../invitations/journalLaws.ts"
import { openedAppendedAndKilled } from "../invitations/largeJournal.ts"

const megabyte = 1024 * 1024

it.live(
  "opens a journal of 600 MB, and knows each person by their newest line",
  () =>
    Effect.gen(function* () {
      const directory = mkdtempSync(join(tmpdir(), "polar-seats-large-"))
      const path = join(directory, "journal.ndjson")
      const layer = Layer.provide(JournalFile.layer(path), NodeServices.layer)
      yield* Effect.gen(function* () {
        yield* Effect.provide(
          Effect.flatMap(Journal, (journal) => journal.put("key/0", content({}), undefined)),
          layer
        )
        const [, line = ""] = readFileSync(path, "utf8").split("\n")
        const file = openSync(path, "a")
        let version = 1
        for (let bytes = 0; bytes < 600 * megabyte;) {
          let lines = ""
          while (lines.length < megabyte) {
            // The padding stands for the metadata of a reissue
            version++
            const next = line.replace("key/0", `key/${version % 10}`).replace('"version":1', `"version":${version}`)
            lines += `${next.slice(0, -1)},"padding":"${"x".repeat(8_000)}"}\n`
          }
          bytes += writeSync(file, lines)
        }
        closeSync(file)
        assert.isAbove(statSync(path).size, 2 ** 29)

        const began = performance.now()
        const last = version
        yield* Effect.gen(function* () {
          const journal = yield* Journal
          const seconds = (performance.now() - began) / 1000
          const { rss } = process.memoryUsage()
          console.log(
            `opened ${(statSync(path).size / megabyte).toFixed(0)} MB in ${seconds.toFixed(1)} s, ${(rss / megabyte).toFixed(0)} MB of memory`
          )
          const entries = yield* Stream.runCollect(journal.entries)
          assert.lengthOf(entries, 10)
          assert.strictEqual(Math.max(...entries.map((entry) => entry.version)), last)
          const found = yield* journal.get(`key/${last % 10}`)
          assert.strictEqual((yield* journal.put(`key/${last % 10}`, content({}), found))?.version, last + 1)
        }).pipe(Effect.provide(layer))
      }).pipe(Effect.ensuring(Effect.sync(() => rmSync(directory, { recursive: true }))))
    }),
  300_000
)

it.live(
  "knows 1 million people after two processes have opened it, added to it, and were killed",
  () =>
    Effect.gen(function* () {
      const directory = mkdtempSync(join(tmpdir(), "polar-seats-million-"))
      const { fileMegabytes, first, liveMegabytes, second } = yield* openedAppendedAndKilled(
        join(directory, "journal.ndjson"),
        1_000_000
      ).pipe(Effect.ensuring(Effect.sync(() => rmSync(directory, { recursive: true }))))
      for (const { megabytes, reported, seconds } of [first, second]) {
        console.log(
          `opened ${fileMegabytes.toFixed(0)} MB with ${liveMegabytes.toFixed(0)} MB of lines that count, and added an entry, ` +
            `in ${seconds.toFixed(1)} s with ${megabytes.toFixed(0)} MB of memory; killed after ${reported.length} entries`
        )
      }
    }),
  300_000
)
