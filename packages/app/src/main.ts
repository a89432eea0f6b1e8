#!/usr/bin/env node
import { enableCompileCache } from "node:module"

// Half of what a short command takes is compiling. It has to be on before anything else is loaded
enableCompileCache()
await import("./program.ts")
