#!/usr/bin/env node
import * as module from "node:module"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`polar-seats needs Node 22.19 or newer, but this is Node ${process.versions.node}.\n`)
  process.exitCode = 1
} else {
  // A short command spends half of its time on compiling. The cache serves only modules that are loaded after this call
  module.enableCompileCache()
  await import("./run.ts")
}
