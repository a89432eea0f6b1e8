/**
 * Measures one journal file, in a process of its own. The task "fill" writes a journal with the given number of people,
 * "open" opens it, and "puts" writes new entries for a given time, at a given concurrency.
 */
import { NodeServices } from "@effect/platform-node"
import { SeatId } from "@polar-seats/domain/Seat"
import { type Content, type Entry, Journal } from "@polar-seats/invitations/Journal"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { closeSync, openSync, readFileSync, writeSync } from "node:fs"
import { serve, type Task } from "../processes.ts"
import { seatId } from "../wire.ts"

const at = DateTime.makeUnsafe("2026-11-23T00:00:00Z")
const keyOf = (index: number) => `subscription/e5149aae-e521-42b9-b24c-abb3d71eea2e/person-${index}@acme.com`
const started = (index: number): Content => {
  const attempt = { id: `bench/${index}`, owner: "bench", startedAt: at, until: at, seatId: SeatId.make(seatId(index)) }
  return { mailed: null, doubt: null, attempt: { _tag: "Resend", ...attempt } }
}
const sent = (index: number): Content => ({
  mailed: { at, seatId: SeatId.make(seatId(index)), how: "Resent", revoked: null },
  doubt: null,
  attempt: null
})

const withJournal = <A, E>(path: string, body: (journal: Journal["Service"]) => Effect.Effect<A, E>) =>
  Effect.runPromise(
    Effect.flatMap(Journal, body).pipe(Effect.provide(Layer.provide(JournalFile.layer(path), NodeServices.layer)))
  )

const mail = (journal: Journal["Service"], index: number) =>
  Effect.flatMap(journal.put(keyOf(index), started(index), undefined), (found: Entry | undefined) =>
    journal.put(keyOf(index), sent(index), found)
  )

/** Writes the two lines of each person. The lines of the first person tell how the others look. */
const fill = async (path: string, people: number) => {
  await withJournal(path, (journal) => mail(journal, 0))
  const [, first = "", second = ""] = readFileSync(path, "utf8").split("\n")
  const lineOf = (line: string, index: number) =>
    `${line.replace(keyOf(0), keyOf(index)).replaceAll(seatId(0), seatId(index)).replace("bench/0", `bench/${index}`)}\n`
  const file = openSync(path, "a")
  let liveBytes = second.length + 1
  for (let from = 1; from < people; from += 1000) {
    let lines = ""
    for (let index = from; index < Math.min(from + 1000, people); index++) {
      const last = lineOf(second, index)
      liveBytes += last.length
      lines += lineOf(first, index) + last
    }
    writeSync(file, lines)
  }
  closeSync(file)
  return { liveBytes }
}

const open = async (path: string, people: number) => {
  const began = performance.now()
  return withJournal(path, (journal) =>
    Effect.gen(function* () {
      const seconds = (performance.now() - began) / 1000
      const peakBytes = process.resourceUsage().maxRSS * 1024
      const last = people === 0 ? undefined : yield* journal.get(keyOf(people - 1))
      return { seconds, peakBytes, isKnown: people === 0 || last?.version === 2 ? 1 : 0 }
    })
  )
}

const puts = (path: string, concurrency: number, millis: number) =>
  withJournal(path, (journal) =>
    Effect.gen(function* () {
      let next = 1_000_000
      const began = performance.now()
      const loop: Effect.Effect<void, unknown> = Effect.whileLoop({
        while: () => performance.now() - began < millis,
        body: () => mail(journal, next++),
        step: () => {}
      })
      yield* Effect.all(
        Array.from({ length: concurrency }, () => loop),
        { concurrency: "unbounded", discard: true }
      )
      return { putsPerSecond: ((next - 1_000_000) * 2 * 1000) / (performance.now() - began) }
    })
  )

serve(({ concurrency = 1, millis = 0, path = "", people = 0, what }: Task) => {
  switch (what) {
    case "fill":
      return fill(String(path), Number(people))
    case "open":
      return open(String(path), Number(people))
    default:
      return puts(String(path), Number(concurrency), Number(millis))
  }
})
