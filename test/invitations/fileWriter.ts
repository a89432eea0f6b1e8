// Writes one key after another into a journal and prints each key after it is written: node fileWriter.ts <file> <from>
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Journal, JournalStep } from "@polar-seats/invitations/Journal"
import { SeatId } from "@polar-seats/domain/Seat"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import { Effect, Layer } from "effect"
import { writeSync } from "node:fs"

const [path = "", from = "0"] = process.argv.slice(2)
const step = JournalStep.cases.ResendStarted.make({ seatId: SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b") })

Effect.gen(function* () {
  const journal = yield* Journal
  for (let index = Number(from); ; index++) {
    const key = `key/${index}`
    yield* journal.put(key, step, undefined)
    writeSync(1, `${key}\n`)
  }
}).pipe(Effect.provide(Layer.provide(JournalFile.layer(path), NodeServices.layer)), NodeRuntime.runMain)
