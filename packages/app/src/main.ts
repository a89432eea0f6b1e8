#!/usr/bin/env node
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Runtime } from "effect"
import { Command } from "effect/cli"
import { cli } from "./Cli.ts"
import { Ended, exitCode } from "./Outcome.ts"

const isEmulator = process.argv.includes("emulator")

Command.run(cli, { version: "0.0.0" }).pipe(
  // The parser has said what is wrong by then
  Effect.catchTag("ShowHelp", (help) =>
    help.errors.length === 0 ? Effect.void : new Ended({ code: exitCode.wrongUse })
  ),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({
    teardown: (exit, onExit) =>
      // A server that is told to stop has done what it was asked for
      Runtime.defaultTeardown(exit, (code) => onExit(isEmulator && code === 130 ? 0 : code))
  })
)
