import { type Entry, Journal, JournalError } from "./Journal.ts"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as EntryJson from "./internal/entryJson.ts"
import * as Lease from "./internal/fileLease.ts"
import * as Locked from "./internal/singleProcessJournal.ts"

/** The file cannot be used as a journal. It is left as it is. */
export class JournalFileError extends Schema.TaggedError<JournalFileError>()("JournalFileError", {
  path: Schema.String,
  reason: Schema.Literals(["NotAJournal", "InUse", "Inaccessible"]),
  description: Schema.String
}) {
  override get message() {
    switch (this.reason) {
      case "NotAJournal":
        return `${this.path} is no journal, and was left as it is: ${this.description}. Name another file.`
      case "InUse":
        return `${this.path} is the journal of another process that runs now: ${this.description}.`
      case "Inaccessible":
        return `${this.path} cannot be used as a journal: ${this.description}.`
    }
  }
}

const header = JSON.stringify({ journal: "polar-seats", version: 1 })

const read = Effect.fnUntraced(function* (
  text: string,
  path: string
): Effect.fn.Return<Map<string, Entry>, JournalFileError> {
  const entries = new Map<string, Entry>()
  if (text === "") return entries
  // What stands behind the last line break is what a process had begun to write when it was killed
  const lines = text.split("\n").slice(0, -1)
  const unusable = (description: string) => new JournalFileError({ path, reason: "NotAJournal", description })
  if (lines[0] !== header) return yield* unusable(`its first line is not ${header}`)
  for (const [index, line] of lines.slice(1).entries()) {
    const entry = yield* Effect.mapError(EntryJson.decode(line), () => unusable(`line ${index + 2} is no entry`))
    entries.set(entry.key, entry)
  }
  return entries
})

const describe = ({ reason }: PlatformError) => `${reason.module}.${reason.method}: ${reason._tag}`

const open = (path: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const directory = (yield* Path.Path).dirname(path)

    const isHeld = yield* Lease.hold(fs, `${path}.lock`)
    if (isHeld === undefined) {
      return yield* new JournalFileError({
        path,
        reason: "InUse",
        description: `${path}.lock is held. Wait for its end, or name another file`
      })
    }

    const text = yield* Effect.catchTag(fs.readFileString(path), "PlatformError", (error) =>
      error.reason._tag === "NotFound" ? Effect.succeed("") : Effect.fail(error)
    )
    const entries = yield* read(text, path)

    const bytesOf = (lines: ReadonlyArray<string>) =>
      new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""))

    // Written over as a whole, so that at no time there is half of it
    const lines = yield* Effect.forEach(entries.values(), EntryJson.encode)
    const fresh = `${path}.new`
    yield* fs.remove(fresh, { force: true })
    yield* Effect.scoped(
      Effect.flatMap(fs.open(fresh, { flag: "wx", mode: 0o600 }), (file) =>
        Effect.andThen(file.writeAll(bytesOf([header, ...lines])), file.sync)
      )
    )
    yield* fs.rename(fresh, path)
    // Not every system can do this to a directory
    yield* Effect.ignore(Effect.scoped(Effect.flatMap(fs.open(directory), (opened) => opened.sync)))

    const file = yield* fs.open(path, { flag: "a" })
    const failed = (description: string) => new JournalError({ description: `${path}: ${description}` })
    // What follows on half a line could not be read again
    let isWhole = true
    const append = Effect.fnUntraced(function* (line: string): Effect.fn.Return<void, PlatformError | JournalError> {
      if (!isWhole) return yield* failed("an earlier entry could not be written. Open it again")
      if (!(yield* isHeld)) return yield* failed("another process has taken it over")
      isWhole = false
      yield* file.writeAll(bytesOf([line]))
      yield* file.sync
      isWhole = true
    })

    return Locked.make({
      get: (key) => Effect.sync(() => entries.get(key)),
      set: (entry) =>
        EntryJson.encode(entry).pipe(
          Effect.flatMap(append),
          Effect.catchTag("PlatformError", (error) => Effect.fail(failed(describe(error)))),
          Effect.andThen(Effect.sync(() => void entries.set(entry.key, entry)))
        ),
      entries: Stream.suspend(() => Stream.fromIterable(Array.from(entries.values())))
    })
  })

/** Where the file is. A link stays one, and two names of a file are one file. */
const resolve = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const unusable = (description: string) => new JournalFileError({ path, reason: "Inaccessible", description })
  const real = yield* Effect.option(fs.realPath(path))
  if (Option.isNone(real)) {
    // What is made here would take the place of the link
    const isLink = Option.isSome(yield* Effect.option(fs.readLink(path)))
    return isLink ? yield* unusable("it is a link that leads nowhere") : path
  }
  // What is no file would be replaced by one, or waited for
  const { type } = yield* fs.stat(real.value)
  return type === "File" ? real.value : yield* unusable("it is no ordinary file")
})

const make = (
  path: string
): Effect.Effect<Journal["Service"], JournalFileError, FileSystem.FileSystem | Path.Path | Scope.Scope> =>
  Effect.flatMap(resolve(path), open).pipe(
    Effect.catchTag("PlatformError", (error) =>
      Effect.fail(new JournalFileError({ path, reason: "Inaccessible", description: describe(error) }))
    )
  )

/**
 * A journal in one file, for a command line. It is made if it is missing, and only its owner may read it: it has addresses
 * in the clear. Each entry is one line of JSON at its end, on the disk before anything is sent; what has been written over
 * is dropped when the file is opened.
 *
 * One process has it at a time, and a second one is refused after three seconds. Of one that was killed, nothing is lost,
 * and the next one waits four seconds. A process that is stopped for so long loses the file, and writes nothing more to it.
 */
export const layer = (path: string): Layer.Layer<Journal, JournalFileError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(Journal, make(path))
