import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type * as Scope from "effect/Scope"
import * as EntryJson from "./internal/entryJson.ts"
import * as FileLease from "./internal/fileLease.ts"
import { makeGroups } from "./internal/groups.ts"
import { makeJournalEntries } from "./internal/journalEntries.ts"
import { header, type Lines, readLines } from "./internal/journalLines.ts"
import { makeLocks } from "./internal/locks.ts"
import { singleProcess } from "./internal/singleProcessJournal.ts"
import { Journal, JournalError, make as makeJournal } from "./Journal.ts"

/** The advice for a file that the system does not open or write, by the code in its words. */
const adviceFor = (description: string): string => {
  switch (/^E[A-Z]+/.exec(description)?.[0]) {
    case "ENOSPC":
    case "EDQUOT":
      return "Free some space, or use a file on another disk."
    case "EROFS":
      return "Use a file on a disk that can be written."
    case "EACCES":
    case "EPERM":
      return "Let this user write the file and its folder, or use another file."
    case "ENOENT":
      return "Make the folder of the file, or correct the path."
    default:
      return "Check the path and its permissions."
  }
}

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
        return `${this.path} cannot be used as a journal: ${this.description}. Nothing was mailed. ${adviceFor(this.description)}`
    }
  }
}

// The system's own words, such as "ENOSPC: no space left on device"
const describePlatformError = ({ reason }: PlatformError): string => {
  const { cause } = reason
  return cause instanceof Error
    ? (cause.message.split(" '", 1)[0] ?? "")
    : `${reason.module}.${reason.method}: ${reason._tag}`
}

const read = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<Lines | undefined, PlatformError | JournalFileError> =>
  readLines(fs, path).pipe(
    Effect.catchTag("BadLine", ({ description }) =>
      Effect.fail(new JournalFileError({ path, reason: "NotAJournal", description }))
    ),
    Effect.catchIf(
      (error): error is PlatformError => error._tag === "PlatformError" && error.reason._tag === "NotFound",
      () => Effect.undefined
    )
  )

const noLines = (): Lines => ({ entries: makeJournalEntries(), wholeBytes: 0, bytes: 0, endsInLineBreak: true })

const encoder = new TextEncoder()
// So nobody waits for a write that grows without end
const maxGroup = 1_000

const sameFile = (one: FileSystem.File.Info, other: FileSystem.File.Info): boolean =>
  one.dev === other.dev && Option.getOrUndefined(one.ino) === Option.getOrUndefined(other.ino)

/**
 * Appends lines to a file that this process holds. A line is on the disk when `append` returns. Lines that arrive during a
 * write share the next one, and its sync.
 */
const openToAppend = Effect.fnUntraced(function* (fs: FileSystem.FileSystem, path: string, isHeld: FileLease.IsHeld) {
  const file = yield* fs.open(path, { flag: "a", mode: 0o600 })
  const opened = yield* file.stat
  const fail = (description: string) => new JournalError({ description: `${path}: ${description}` })
  const checkIsOurs = Effect.gen(function* () {
    const [current, isStillHeld] = yield* Effect.all([Effect.option(fs.stat(path)), isHeld], { concurrency: 2 })
    if (Option.isNone(current) || !sameFile(current.value, opened)) {
      return yield* fail("the file was removed or replaced")
    }
    if (!isStillHeld) return yield* fail("another process has taken it over")
  })
  // A line that follows half a line could not be read again
  let broken: string | undefined
  const write = Effect.fnUntraced(
    function* (text: string) {
      if (broken !== undefined) {
        return yield* fail(`an earlier entry could not be written (${broken}). Open the journal again`)
      }
      yield* checkIsOurs
      broken = "its write was interrupted"
      yield* file.writeAll(encoder.encode(text)).pipe(
        Effect.andThen(file.sync),
        Effect.tapError((error) => Effect.sync(() => void (broken = describePlatformError(error))))
      )
      broken = undefined
      // This process may have been paused before the write. Another one that has read the file since does not know the line
      yield* checkIsOurs
    },
    Effect.catchTag("PlatformError", (error) => Effect.fail(fail(describePlatformError(error))))
  )
  // A write outlasts its caller. The file must not be closed before it has ended
  const turn = Semaphore.makeUnsafe(1)
  yield* Effect.addFinalizer(() => turn.take(1))
  const carryOut = (texts: ReadonlyArray<string>) =>
    Effect.as(turn.withPermit(Effect.uninterruptible(write(texts.join("")))), () => Effect.void)
  return yield* makeGroups(carryOut, { maxSize: maxGroup })
})

const open = (path: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const directory = (yield* Path.Path).dirname(path)

    const isHeld = yield* FileLease.hold(fs, `${path}.lock`)
    if (isHeld === undefined) {
      return yield* new JournalFileError({ path, reason: "InUse", description: `it holds ${path}.lock` })
    }
    const known = yield* read(fs, path)
    const lines = known ?? noLines()
    const append = yield* openToAppend(fs, path, isHeld)

    // No mail has left for an entry that a killed process did not finish
    if (lines.bytes > lines.wholeBytes) yield* fs.truncate(path, lines.wholeBytes)
    if (lines.wholeBytes === 0) yield* append(`${header}\n`)
    else if (!lines.endsInLineBreak) yield* append("\n")
    // Not every system can sync a directory
    if (known === undefined) {
      yield* Effect.ignore(Effect.scoped(Effect.flatMap(fs.open(directory), (opened) => opened.sync)))
    }

    return yield* makeJournal(
      singleProcess({
        ...lines.entries,
        locks: makeLocks(),
        set: (entry) =>
          Effect.flatMap(EntryJson.encode(entry), (line) =>
            Effect.map(append(`${line}\n`), () => lines.entries.set(entry, line))
          )
      })
    )
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
  // A read of a pipe or a device would block
  const { nlink, type } = yield* fs.stat(real.value)
  if (type !== "File") return yield* unusable("it is not a regular file")
  // Each name would be a journal with a lock of its own
  return Option.getOrElse(nlink, () => 1n) > 1n
    ? yield* unusable("the file has more than one name (hard links), and two processes could use it at once")
    : real.value
})

const orFileError =
  (path: string) =>
  <A, R>(effect: Effect.Effect<A, PlatformError | JournalError | JournalFileError, R>) =>
    Effect.catchTags(effect, {
      PlatformError: (error) =>
        Effect.fail(new JournalFileError({ path, reason: "Inaccessible", description: describePlatformError(error) })),
      JournalError: ({ description }) =>
        Effect.fail(new JournalFileError({ path, reason: "Inaccessible", description }))
    })

const make = (
  path: string
): Effect.Effect<Journal["Service"], JournalFileError, FileSystem.FileSystem | Path.Path | Scope.Scope> =>
  orFileError(path)(Effect.flatMap(resolve(path), open))

/**
 * A journal in one file, for a command line. The file is created if it is missing, for its owner alone, because it holds
 * addresses in the clear. A file that is there keeps its owner, its mode and its place. Each entry is one appended line of
 * JSON, and is on the disk before anything is sent: a put returns after the sync of its line. Lines that arrive while others
 * are written share one write and one sync. Nothing is taken out of the file again.
 *
 * The file is read once, when it is opened, in about 3 seconds for 1 million lines. The last line of each key stays in memory as
 * its text, with up to a third on top, outside of JavaScript's heap. The keys may be as many as the memory holds.
 *
 * One process uses the file at a time. A second process is refused after three seconds. If the first one was killed,
 * nothing is lost, and the next one gets the file after four seconds. A process that is paused for so long loses the file,
 * and mails nobody any more.
 */
export const layer = (path: string): Layer.Layer<Journal, JournalFileError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(Journal, make(path))

const readOnly = Effect.fnUntraced(function* (path: string) {
  const lines = yield* read(yield* FileSystem.FileSystem, yield* resolve(path))
  return yield* makeJournal({
    ...(lines ?? noLines()).entries,
    isShared: false,
    replace: () => Effect.fail(new JournalError({ description: `${path}: it was opened to be read only` }))
  })
})

/** A journal file that is only read, for a dry run: it takes no lock, writes nothing, and makes no file. */
export const layerReadOnly = (path: string): Layer.Layer<Journal, JournalFileError, FileSystem.FileSystem> =>
  Layer.effect(Journal, orFileError(path)(readOnly(path)))
