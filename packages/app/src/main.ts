#!/usr/bin/env node
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`polar-seats needs Node 22.19 or newer, but this is Node ${process.versions.node}.\n`)
  process.exitCode = 1
} else {
  // Node's compile cache would be in the temp directory, where other users can put code for the command to run
  await import("./run.ts")
}
