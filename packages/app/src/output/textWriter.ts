import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { CannotWrite } from "./CannotWrite.ts"

/** Hands bytes to the system, and tells how many of them it has taken. */
export interface Device {
  readonly write: (bytes: Uint8Array, done: (taken: number | CannotWrite) => void) => void
  /** The most bytes that `write` gets at once. */
  readonly mostBytes: number
}

/** Writes text to stdout or stderr in the order of the calls, and knows which lines the system has not taken. */
export interface TextWriter {
  /** Writes text, and waits until the system has taken it or never will. */
  readonly write: (text: string) => Effect.Effect<void>
  /** Writes text, and fails if the system does not take it. An interruption withdraws text that is not begun. */
  readonly writeOrFail: (text: string) => Effect.Effect<void, CannotWrite>
  /** Writes text without waiting for the system. It is for callers who print little, and cannot wait. */
  readonly writeUnsafe: (text: string) => void
  /** Waits until the system has taken everything or never will. */
  readonly drain: Effect.Effect<void>
  /** Waits for an error of the system. */
  readonly failure: Effect.Effect<CannotWrite>
  /** Takes no more text, after an error of the stream that came without a write. */
  readonly fail: (why: CannotWrite) => void
  /** Stops the writer if text waits after this time, or later for longer than a moment. */
  readonly limit: (time: Duration.Input) => Effect.Effect<never>
  readonly state: () => WriterState
}

/** The text that a writer has not written. */
export interface WriterState {
  /** The error of the system. It is undefined if the command gave its text up. */
  readonly failure: CannotWrite | undefined
  /** The number of bytes that wait. */
  readonly waiting: number
  /** The number of lines that the system did not take, and never will. */
  readonly missingLines: number
  /** Whether the text that the system took ends inside a line. */
  readonly endsInsideLine: boolean
}

interface Entry {
  readonly bytes: Uint8Array
  readonly settle: (result: Effect.Effect<void, CannotWrite>) => void
  taken: number
}

const lineBreak = 10
const moment = "50 millis"
const encoder = new TextEncoder()

const countLines = (bytes: Uint8Array): number =>
  bytes.reduce((count, byte) => (byte === lineBreak ? count + 1 : count), 0)

/** The next bytes of an entry: as many whole lines as fit, or a part of a line that is too long. */
const nextBytes = ({ bytes, taken }: Entry, most: number): Uint8Array => {
  if (bytes.length - taken <= most) return bytes.subarray(taken)
  const next = bytes.subarray(taken, taken + most)
  return next.subarray(0, next.lastIndexOf(lineBreak) + 1 || most)
}

/**
 * Text on its way to a device, which gets one piece after the other. Node's own buffer has no bound and does not tell what
 * it holds, so no text waits there.
 */
const makeTextQueue = (device: Device, onFailure: (why: CannotWrite) => void) => {
  const entries: Array<Entry> = []
  let stopped: CannotWrite | undefined
  let isWriting = false
  let waiting = 0
  let missingLines = 0
  let lastByte = lineBreak

  const stop = (why: CannotWrite) => {
    if (stopped !== undefined) return
    stopped = why
    waiting = 0
    for (const { bytes, settle, taken } of entries.splice(0)) {
      missingLines += countLines(bytes.subarray(taken))
      settle(Effect.fail(why))
    }
  }

  const count = (entry: Entry, taken: Uint8Array) => {
    lastByte = taken.at(-1) ?? lastByte
    // The system may take bytes after the command has given them up
    if (stopped !== undefined) return void (missingLines -= countLines(taken))
    entry.taken += taken.length
    waiting -= taken.length
  }

  const writeNext = (): void => {
    const entry = entries[0]
    if (isWriting || entry === undefined) return
    if (entry.taken === entry.bytes.length) {
      entries.shift()
      entry.settle(Effect.void)
      return writeNext()
    }
    const bytes = nextBytes(entry, device.mostBytes)
    isWriting = true
    device.write(bytes, (taken) => {
      isWriting = false
      if (!Predicate.isNumber(taken)) return onFailure(taken)
      count(entry, bytes.subarray(0, taken))
      writeNext()
    })
  }

  const add = (text: string, settle: Entry["settle"]): Entry => {
    const entry = { bytes: encoder.encode(text), settle, taken: 0 }
    if (stopped === undefined) {
      entries.push(entry)
      waiting += entry.bytes.length
      writeNext()
    } else {
      missingLines += countLines(entry.bytes)
      settle(Effect.fail(stopped))
    }
    return entry
  }

  const withdraw = (entry: Entry) => {
    const index = entries.indexOf(entry)
    // The first one may be on its way to the system
    if (index < 1) return
    entries.splice(index, 1)
    waiting -= entry.bytes.length
  }

  const state = () => ({ stopped, waiting, missingLines, endsInsideLine: lastByte !== lineBreak })
  return { add, withdraw, stop, state }
}

/** Stops a writer that a command does not wait for any longer. */
const givenUp = new CannotWrite({ description: "the command was interrupted", isClosed: false })

/** A writer to a device. */
export const makeTextWriter = (device: Device): TextWriter => {
  const failure = Deferred.makeUnsafe<CannotWrite>()
  const fail = (why: CannotWrite) => {
    queue.stop(why)
    Deferred.doneUnsafe(failure, Effect.succeed(why))
  }
  const queue = makeTextQueue(device, fail)

  const write = (text: string) =>
    Effect.ignore(
      Effect.callback<void, CannotWrite>((resume) => {
        queue.add(text, resume)
      })
    )

  const limit = Effect.fnUntraced(function* (time: Duration.Input) {
    yield* Effect.sleep(time)
    for (let hasWaited = true; ;) {
      const waits = queue.state().waiting > 0
      if (hasWaited && waits) queue.stop(givenUp)
      hasWaited = waits
      yield* Effect.sleep(moment)
    }
  })

  return {
    write,
    writeOrFail: (text) =>
      Effect.callback((resume) => {
        const entry = queue.add(text, resume)
        return Effect.sync(() => queue.withdraw(entry))
      }),
    writeUnsafe: (text) => void queue.add(text, () => {}),
    // An entry without bytes ends when all before it have ended
    drain: write(""),
    failure: Deferred.await(failure),
    fail,
    limit,
    state: () => {
      const { stopped, ...state } = queue.state()
      return { ...state, failure: stopped === givenUp ? undefined : stopped }
    }
  }
}
