import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as MutableRef from "effect/MutableRef"
import * as Runtime from "effect/Runtime"
import * as Stdio from "effect/Stdio"
import { createRequire } from "node:module"
import { runCommandLine } from "./commandLine.ts"
import { endOnSecondSignal } from "./endOnSecondSignal.ts"
import { exitCode, InterruptIsSuccess } from "./exit.ts"
import { provideConsole } from "./output/Output.ts"
import { settleOutput } from "./output/settleOutput.ts"

// package.json is one folder above src, and one above dist in the published package
const { version }: { readonly version: string } = createRequire(import.meta.url)("../package.json")

Effect.runFork(endOnSecondSignal)

const interruptIsSuccess = MutableRef.make(false)

// A defect. NodeRuntime would print it beside the output of the command
const reportDefect = (cause: Cause.Cause<unknown>) =>
  Cause.hasInterruptsOnly(cause) || !Runtime.getErrorReported(Cause.squash(cause))
    ? Effect.void
    : Effect.logError(cause)

Effect.flatMap(Stdio.Stdio, ({ args }) => args).pipe(
  Effect.flatMap((args) => runCommandLine(args, version)),
  Effect.tapCause(reportDefect),
  provideConsole,
  settleOutput,
  Effect.provideService(InterruptIsSuccess, interruptIsSuccess),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    teardown: (exit, onExit) =>
      Runtime.defaultTeardown(exit, (code) =>
        onExit(code === exitCode.interrupted && MutableRef.get(interruptIsSuccess) ? 0 : code)
      )
  })
)
