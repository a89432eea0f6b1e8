import process from "node:process"
import { run } from "./program.ts"

// Node, Bun and Deno all have this name
console.log(await run(process.argv[2] ?? ""))
