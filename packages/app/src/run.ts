import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as CliConfig from "effect/cli/CliConfig"
import type * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as MutableRef from "effect/MutableRef"
import * as Runtime from "effect/Runtime"
import { createRequire } from "node:module"
import { cli } from "./commands/index.ts"
import { Ended, exitCode, InterruptIsSuccess } from "./exit.ts"
import { printErr } from "./output/print.ts"

// An extra argument may be a secret that was meant for the environment, so it is not printed
const formatCliError = (error: CliError.CliError): string =>
  error._tag === "UnexpectedArgument"
    ? "The command got an argument that it does not take."
    : error.message.replace(/\s*\n\s*/g, " ")

// Wrong use prints no help, so that stdout stays clean for machines
const presenter = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? printErr([...event.errors.map(formatCliError), `See ${event.commandPath.join(" ")} --help.`])
      : CliOutput.defaultPresenter.present(event)
})

// The command writes no logs, so it has no flag for the log level
const config = CliConfig.layer({
  builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Wizard, GlobalFlag.Completions]
})

// package.json is one folder above src, and one above dist in the published package
const { version }: { readonly version: string } = createRequire(import.meta.url)("../package.json")

// If stdout is closed or the terminal is gone, nobody would see what a command does, so it ends
const interrupt = () => void process.emit("SIGINT")
for (const stream of [process.stdout, process.stderr]) stream.on("error", interrupt)
process.on("SIGHUP", interrupt)

const interruptIsSuccess = MutableRef.make(false)

Command.run(cli, { version }).pipe(
  Effect.catchTag("ShowHelp", (help) =>
    help.errors.length === 0 ? Effect.void : new Ended({ code: exitCode.wrongUse })
  ),
  Effect.provideService(InterruptIsSuccess, interruptIsSuccess),
  Effect.provide(Layer.mergeAll(NodeServices.layer, presenter, config)),
  NodeRuntime.runMain({
    teardown: (exit, onExit) =>
      Runtime.defaultTeardown(exit, (code) =>
        onExit(code === exitCode.interrupted && MutableRef.get(interruptIsSuccess) ? 0 : code)
      )
  })
)
