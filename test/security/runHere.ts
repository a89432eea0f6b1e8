import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, ConfigProvider, Effect, Exit } from "effect"
import { CliOutput } from "effect/cli"
import type { HelpDoc } from "effect/cli"
import { runCommandLine } from "../../packages/app/src/commandLine.ts"
import { cli } from "../../packages/app/src/commands/index.ts"
import { Ended } from "../../packages/app/src/exit.ts"
import { Command } from "effect/cli"
import { recordOutput } from "./recordOutput.ts"

/** The outcome of a command. `code` is undefined if it was still running when its time was over. */
export interface Done {
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
  /** Any cause that is not one of the command's own ends. */
  readonly defect: string
}

const still = Symbol("still running")

/** Runs a command line in this process. It is stopped after half a second, or after `millis`. */
export const runHere = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>,
  millis = 500
): Promise<Done> =>
  Effect.gen(function* () {
    const { printed, record } = recordOutput()
    const exit = yield* runCommandLine(args, "0.0.0").pipe(
      record,
      Effect.timeoutOrElse({ duration: millis, orElse: () => Effect.fail(still) }),
      Effect.exit
    )
    const print = printed()
    if (Exit.isSuccess(exit)) return { code: 0, ...print, defect: "" }
    const failure = exit.cause.reasons.map((reason) => (reason._tag === "Fail" ? reason.error : undefined))[0]
    if (failure instanceof Ended) return { code: failure.code, ...print, defect: "" }
    return { code: undefined, ...print, defect: failure === still ? "" : Cause.pretty(exit.cause) }
  }).pipe(
    Effect.provide([NodeServices.layer, ConfigProvider.layer(ConfigProvider.fromUnknown(env))]),
    Effect.runPromise
  )

/** The help of a command, as the parser itself knows its flags and arguments. */
export const helpOf = (path: ReadonlyArray<string>): Promise<HelpDoc.HelpDoc> =>
  Effect.gen(function* () {
    let found: HelpDoc.HelpDoc | undefined
    const presenter = CliOutput.layerPresenter({
      present: (event) => Effect.sync(() => void (found = "helpDoc" in event ? event.helpDoc : found))
    })
    yield* Command.runWith(cli, { version: "0" })([...path, "--help"]).pipe(
      Effect.ignore,
      Effect.provide([presenter, NodeServices.layer])
    )
    return found ?? (yield* Effect.die("no help"))
  }).pipe(Effect.runPromise)

/** A command with all its flags. */
export interface CommandShape {
  readonly name: string
  readonly flags: ReadonlyArray<{ readonly name: string; readonly takesValue: boolean }>
  readonly takesArguments: boolean
}

/** Every command with its flags, as the definitions say. */
export const readCommands = async (): Promise<ReadonlyArray<CommandShape>> => {
  const root = await helpOf([])
  const names = (root.subcommands ?? []).flatMap(({ commands }) => commands.map(({ name }) => name))
  return Promise.all(
    names.map(async (name) => {
      const help = await helpOf([name])
      const flags = [...help.flags, ...(root.flags ?? []), ...(help.globalFlags ?? [])]
      return {
        name,
        flags: flags.map(({ name, type }) => ({ name, takesValue: type !== "boolean" })),
        takesArguments: (help.args ?? []).length > 0
      }
    })
  )
}
