import * as NodeServices from "@effect/platform-node/NodeServices"
import { type Cause, ConfigProvider, Effect, Exit, Layer, Option, Queue, Terminal } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { assert, describe, it } from "vitest"
import { runCommandLine } from "../../packages/app/src/commandLine.ts"
import { recordOutput } from "../security/recordOutput.ts"
import { subscription } from "./acme.ts"
import { startTeam } from "./seededTeam.ts"

/** A terminal on which a person presses one key, or Ctrl-C, as soon as the command reads a key. It keeps what it shows. */
const makeTerminal = (key: string) => {
  const shown: Array<string> = []
  const press = (keys: Queue.Queue<Terminal.UserInput, Cause.Done>) =>
    key === "Ctrl-C"
      ? Queue.end(keys)
      : Queue.offer(keys, { input: Option.some(key), key: { name: key, ctrl: false, meta: false, shift: false } })
  const terminal = Terminal.make({
    columns: Effect.succeed(80),
    rows: Effect.succeed(24),
    size: Effect.never,
    readInput: Effect.tap(Queue.unbounded<Terminal.UserInput, Cause.Done>(), press),
    readLine: Effect.never,
    display: (text) => Effect.sync(() => void shown.push(text))
  })
  return { shown, layer: Layer.succeed(Terminal.Terminal, terminal) }
}

/** Runs a command in this process, with a person at a terminal. */
const runAsked = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>, key: string) => {
  const { layer, shown } = makeTerminal(key)
  const capable = { canColor: false, canAnimate: false, canPrompt: true }
  const services = Layer.merge(NodeServices.layer, ConfigProvider.layer(ConfigProvider.fromUnknown(env)))
  const person = Layer.merge(layer, Layer.succeed(TerminalCapabilities.TerminalCapabilities, capable))
  const { printed, record } = recordOutput()
  return Effect.gen(function* () {
    const exit = yield* Effect.exit(record(runCommandLine(args, "0.0.0")))
    const ended = Exit.isFailure(exit) ? exit.cause.reasons[0] : undefined
    const error = ended?._tag === "Fail" ? ended.error : undefined
    const code = error !== undefined && "code" in error ? error.code : Exit.isSuccess(exit) ? 0 : undefined
    return { code, asked: shown.join(""), stderr: printed().stderr }
  }).pipe(Effect.provide(Layer.provideMerge(person, services)), Effect.runPromise)
}

describe("revoke on a terminal", () => {
  it.for([
    ["y", 0, 1, ""],
    ["n", 1, 0, "Nothing was revoked."],
    ["Ctrl-C", 130, 0, "\nInterrupted. Nothing was revoked."]
  ] as const)(
    "asks about a claimed seat, and after %s ends with %d",
    async ([key, code, revocations, stderr], test) => {
      const { env, requests } = await startTeam(test, { live: 1, claimed: 2 })
      const args = ["revoke", "claimed0@acme.com", "--subscription", subscription]
      const ended = await runAsked(args, env, key)
      assert.deepInclude(ended, { code, stderr })
      assert.include(ended.asked, "Revoke a claimed seat? claimed0@acme.com loses access.")
      assert.lengthOf(await requests("DELETE"), revocations)
    }
  )
})
