import { type Entry, Journal, JournalError } from "./Journal.ts"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as EntryJson from "./internal/entryJson.ts"
import * as FileLease from "./internal/fileLease.ts"
import * as SingleProcessJournal from "./internal/singleProcessJournal.ts"

/** The file cannot be used as a journal. It was left unchanged. */
export class JournalFileError extends Schema.TaggedError<JournalFileError>()("JournalFileError", {
  path: Schema.String,
  reason: Schema.Literals(["NotAJournal", "InUse", "Inaccessible"]),
  description: Schema.String
}) {
  override get message() {
    switch (this.reason) {
      case "NotAJournal":
        return `${this.path} is not a journal and was left unchanged: ${this.description}. Nothing was mailed. Use another file.`
      case "InUse":
        return `Another process uses the journal ${this.path}: ${this.description}. Nothing was mailed. Wait until it ends, or use another file.`
      case "Inaccessible":
        return `${this.path} cannot be used as a journal: ${this.description}. Nothing was mailed. Check the path and its permissions.`
    }
  }
}

const header = JSON.stringify({ journal: "polar-seats", version: 1 })

const parse = Effect.fnUntraced(function* (text: string, path: string) {
  const entries = new Map<string, Entry>()
  if (text === "") return entries
  // Text after the last line break is an entry that a killed process did not finish
  const lines = text.split("\n").slice(0, -1)
  const unusable = (description: string) => new JournalFileError({ path, reason: "NotAJournal", description })
  if (lines[0] !== header) return yield* unusable(`its first line is not ${header}`)
  for (const [index, line] of lines.slice(1).entries()) {
    const entry = yield* Effect.mapError(EntryJson.decode(line), () => unusable(`line ${index + 2} is not an entry`))
    entries.set(entry.key, entry)
  }
  return entries
})

const describePlatformError = ({ reason }: PlatformError) => `${reason.module}.${reason.method}: ${reason._tag}`

const open = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const directory = (yield* Path.Path).dirname(path)

  const isHeld = yield* FileLease.hold(fs, `${path}.lock`)
  if (isHeld === undefined) {
    return yield* new JournalFileError({ path, reason: "InUse", description: `it holds ${path}.lock` })
  }

  const text = yield* Effect.catchTag(fs.readFileString(path), "PlatformError", (error) =>
    error.reason._tag === "NotFound" ? Effect.succeed("") : Effect.fail(error)
  )
  const entries = yield* parse(text, path)

  const bytesOf = (lines: ReadonlyArray<string>) => new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""))

  // Rewrite the whole file through a rename, so that it is never half written
  const lines = yield* Effect.forEach(entries.values(), EntryJson.encode)
  const fresh = `${path}.new`
  yield* fs.remove(fresh, { force: true })
  yield* Effect.scoped(
    Effect.flatMap(fs.open(fresh, { flag: "wx", mode: 0o600 }), (file) =>
      Effect.andThen(file.writeAll(bytesOf([header, ...lines])), file.sync)
    )
  )
  yield* fs.rename(fresh, path)
  // Not every system can sync a directory
  yield* Effect.ignore(Effect.scoped(Effect.flatMap(fs.open(directory), (opened) => opened.sync)))

  const file = yield* fs.open(path, { flag: "a" })
  const journalError = (description: string) => new JournalError({ description: `${path}: ${description}` })
  // A line that follows half a line could not be read again
  let isWhole = true
  const append = Effect.fnUntraced(function* (line: string) {
    if (!isWhole) return yield* journalError("an earlier entry could not be written. Open the journal again")
    if (!(yield* isHeld)) return yield* journalError("another process has taken it over")
    isWhole = false
    yield* file.writeAll(bytesOf([line]))
    yield* file.sync
    isWhole = true
  })

  return SingleProcessJournal.make({
    get: (key) => Effect.sync(() => entries.get(key)),
    set: (entry) =>
      EntryJson.encode(entry).pipe(
        Effect.flatMap(append),
        Effect.catchTag("PlatformError", (error) => Effect.fail(journalError(describePlatformError(error)))),
        Effect.andThen(Effect.sync(() => void entries.set(entry.key, entry)))
      ),
    entries: Stream.suspend(() => Stream.fromIterable(Array.from(entries.values())))
  })
})

/** The real path of the file. A link stays a link, and two names of one file give one path. */
const resolve = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const unusable = (description: string) => new JournalFileError({ path, reason: "Inaccessible", description })
  const real = yield* Effect.option(fs.realPath(path))
  if (Option.isNone(real)) {
    // A new file would replace the link
    const isLink = Option.isSome(yield* Effect.option(fs.readLink(path)))
    return isLink ? yield* unusable("it is a broken link") : path
  }
  // A new file would replace a directory or a device, and a read of a pipe would block
  const { type } = yield* fs.stat(real.value)
  return type === "File" ? real.value : yield* unusable("it is not a regular file")
})

/**
 * A journal in one file, for a command line. The file is created if it is missing. Only its owner may read it, because it
 * holds addresses in the clear. Each entry is one appended line of JSON, and is on the disk before anything is sent.
 * Replaced entries are dropped when the file is opened.
 *
 * One process uses the file at a time. A second process is refused after three seconds. If the first one was killed,
 * nothing is lost, and the next one gets the file after four seconds. A process that is paused for so long loses the file
 * and writes nothing more to it.
 */
export const layer = (path: string): Layer.Layer<Journal, JournalFileError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    Journal,
    Effect.flatMap(resolve(path), open).pipe(
      Effect.catchTag("PlatformError", (error) =>
        Effect.fail(new JournalFileError({ path, reason: "Inaccessible", description: describePlatformError(error) }))
      )
    )
  )
