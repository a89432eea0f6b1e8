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
import { complain, Ended, exitCode, MeantToBeInterrupted } from "./output/print.ts"

/** What is wrong, in a line. What may be a secret that was meant for the environment is not said again. */
const describe = (error: CliError.CliError): string =>
  error._tag === "UnexpectedArgument" ? "There is an argument too many." : error.message.replace(/\s*\n\s*/g, " ")

// Help is for who asks for it: stdout stays clean for machines
const presenter = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? complain([...event.errors.map(describe), `See ${event.commandPath.join(" ")} --help.`].join("\n"))
      : CliOutput.defaultPresenter.present(event)
})

// Nothing logs, so there is no level to set
const config = CliConfig.layer({
  builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Wizard, GlobalFlag.Completions]
})

// It is beside src here, and beside dist where it is installed
const { version }: { readonly version: string } = createRequire(import.meta.url)("../package.json")

// Where nobody reads any more, or the terminal is gone, what goes on would go on without a word
const interrupt = () => void process.emit("SIGINT")
for (const stream of [process.stdout, process.stderr]) stream.on("error", interrupt)
process.on("SIGHUP", interrupt)

const meantToBeInterrupted = MutableRef.make(false)
const interrupted = 130

Command.run(cli, { version }).pipe(
  Effect.catchTag("ShowHelp", (help) =>
    help.errors.length === 0 ? Effect.void : new Ended({ code: exitCode.wrongUse })
  ),
  Effect.provideService(MeantToBeInterrupted, meantToBeInterrupted),
  Effect.provide(Layer.mergeAll(NodeServices.layer, presenter, config)),
  NodeRuntime.runMain({
    teardown: (exit, onExit) =>
      Runtime.defaultTeardown(exit, (code) =>
        onExit(code === interrupted && MutableRef.get(meantToBeInterrupted) ? 0 : code)
      )
  })
)
