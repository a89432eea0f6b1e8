#!/usr/bin/env node
import * as module from "node:module"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`polar-seats needs Node 22.19 or newer, and this is ${process.versions.node}.\n`)
  process.exitCode = 1
} else {
  // Half of what a short command takes is compiling. It has to be on before anything else is loaded
  module.enableCompileCache()
  await import("./run.ts")
}
