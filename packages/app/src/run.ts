import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as MutableRef from "effect/MutableRef"
import * as Runtime from "effect/Runtime"
import * as Stdio from "effect/Stdio"
import { createRequire } from "node:module"
import { runCommandLine } from "./commandLine.ts"
import { exitCode, InterruptIsSuccess } from "./exit.ts"

// package.json is one folder above src, and one above dist in the published package
const { version }: { readonly version: string } = createRequire(import.meta.url)("../package.json")

// If stdout is closed or the terminal is gone, nobody would see what a command does, so it ends
const interrupt = () => void process.emit("SIGINT")
for (const stream of [process.stdout, process.stderr]) stream.on("error", interrupt)
process.on("SIGHUP", interrupt)

const interruptIsSuccess = MutableRef.make(false)

Effect.flatMap(Stdio.Stdio, ({ args }) => args).pipe(
  Effect.flatMap((args) => runCommandLine(args, version)),
  Effect.provideService(InterruptIsSuccess, interruptIsSuccess),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({
    teardown: (exit, onExit) =>
      Runtime.defaultTeardown(exit, (code) =>
        onExit(code === exitCode.interrupted && MutableRef.get(interruptIsSuccess) ? 0 : code)
      )
  })
)
