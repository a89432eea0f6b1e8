// Resends a seat with a journal file, and stops itself on the way: node pausedResender.ts <file> <where> <now>
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { Outbox } from "@polar-seats/emulator/Outbox"
import { Seats } from "@polar-seats/domain/Seats"
import { Invitations } from "@polar-seats/invitations/Invitations"
import { Journal } from "@polar-seats/invitations/Journal"
import * as JournalFile from "@polar-seats/invitations/JournalFile"
import { DateTime, Effect, FileSystem, Layer } from "effect"
import { writeSync } from "node:fs"
import { source, teamOf, token } from "./team.ts"

const [path = "", where = "", now = ""] = process.argv.slice(2)
const world = teamOf(DateTime.makeUnsafe(now), { live: 1 })

// The lines since the journal was opened: the first one tells of the resend
let lines = 0
let isOpen = false
const stopAt = (here: string) =>
  Effect.sync(() => {
    if (!isOpen || where !== here || lines !== 1) return
    writeSync(1, "stopped\n")
    process.kill(process.pid, "SIGSTOP")
  })

const stopping = Layer.effect(
  FileSystem.FileSystem,
  Effect.map(FileSystem.FileSystem, (fs) => ({
    ...fs,
    open: (name: string, options?: Parameters<typeof fs.open>[1]) =>
      Effect.map(fs.open(name, options), (file) =>
        name !== path || options?.flag !== "a"
          ? file
          : Object.create(file, {
              writeAll: {
                value: (bytes: Uint8Array) =>
                  Effect.suspend(() => {
                    if (isOpen) lines++
                    return Effect.andThen(stopAt("before its line is written"), file.writeAll(bytes))
                  })
              },
              sync: { value: Effect.tap(file.sync, () => stopAt("after its line is written")) }
            })
      )
  }))
)

const journal = Layer.effect(
  Journal,
  Effect.map(Journal, (service) => ({
    ...service,
    // The last thing that is read before the mail leaves
    get: (key: string) => Effect.tap(service.get(key), () => stopAt("before its mail leaves"))
  }))
).pipe(Layer.provide(JournalFile.layer(path)), Layer.provide(stopping), Layer.provide(NodeServices.layer))

Effect.gen(function* () {
  isOpen = true
  const [seat] = (yield* (yield* Seats).list(source)).seats
  if (seat === undefined) return yield* Effect.die("the team has a seat")
  const { resend } = yield* Invitations
  const result = yield* Effect.match(resend(seat), {
    onFailure: ({ _tag, message }) => ({ tag: _tag, message }),
    onSuccess: ({ _tag }) => ({ tag: _tag, message: "" })
  })
  writeSync(1, `${JSON.stringify({ ...result, mails: (yield* (yield* Outbox).mails).length })}\n`)
}).pipe(
  Effect.provide(Invitations.layer.pipe(Layer.provideMerge(Layer.merge(SeatsMemory.layer(world, token), journal)))),
  NodeRuntime.runMain
)
