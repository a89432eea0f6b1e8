// Writes one key after another into a journal and prints each key after it is written: node fileWriter.ts <file> <from>
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Attempt, Journal } from "@polar-seats/invitations/Journal"
import { SeatId } from "@polar-seats/domain/Seat"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import { DateTime, Effect, Layer } from "effect"
import { writeSync } from "node:fs"

const [path = "", from = "0"] = process.argv.slice(2)
const at = DateTime.makeUnsafe("2026-11-23T00:00:00Z")
const seatId = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
const attempt = Attempt.cases.Resend.make({ id: "writer/1", owner: "writer", startedAt: at, until: at, seatId })

/** Prints at once, and waits if the reader is too busy to empty the pipe. */
const print = (line: string): void => {
  for (;;) {
    try {
      return void writeSync(1, line)
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error
    }
  }
}

Effect.gen(function* () {
  const journal = yield* Journal
  for (let index = Number(from); ; index++) {
    const key = `key/${index}`
    yield* journal.put(key, { mailed: null, doubt: null, attempt }, undefined)
    print(`${key}\n`)
  }
}).pipe(Effect.provide(Layer.provide(JournalFile.layer(path), NodeServices.layer)), NodeRuntime.runMain)
