import { build } from "esbuild"
import { Miniflare } from "miniflare"
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, beforeEach, it, onTestFinished } from "vitest"
import { get, post, startEmulator } from "../app/process.ts"
import { world } from "./world.ts"

const here = fileURLToPath(new URL(".", import.meta.url))
const line = "resent to ann@acme.com, then AlreadyClaimed"
const expected = `${line}\n${line}`

/** The binary that came with the install: `bun` and `deno` have one package for each platform, of which one fits here. */
const binary = (of: string, file: string): string => {
  const manifest = createRequire(import.meta.url).resolve(`${of}/package.json`)
  const { optionalDependencies } = createRequire(manifest)(manifest)
  for (const name of Object.keys(optionalDependencies)) {
    try {
      return join(createRequire(manifest).resolve(`${name}/package.json`), "..", file)
    } catch {
      continue
    }
  }
  throw new Error(`${of} has no binary for this platform. Install again without leaving out optional dependencies.`)
}

let directory: string
let emulator: Awaited<ReturnType<typeof startEmulator>>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "polar-seats-runtimes-"))
  // For a browser: what would need a module of Node does not even build
  await build({
    absWorkingDir: here,
    entryPoints: ["worker.ts", "command.ts"],
    external: ["node:process"],
    bundle: true,
    format: "esm",
    platform: "browser",
    outdir: directory,
    outExtension: { ".js": ".mjs" }
  })
  emulator = await startEmulator()
})

afterAll(async () => {
  await emulator.stop()
  await rm(directory, { recursive: true })
})

beforeEach(() => post(`${emulator.firstLine}/_emulator/seed`, world))

const mailed = async () => {
  const outbox = await get(`${emulator.firstLine}/_emulator/outbox`)
  assert(Array.isArray(outbox))
  return outbox.map(({ to }) => to)
}

it.each([
  { runtime: "Node", run: () => [process.execPath] },
  { runtime: "Bun", run: () => [binary("bun", "bin/bun")] },
  { runtime: "Deno", run: () => [binary("deno", "deno"), "run", "--no-remote", "--allow-net=127.0.0.1"] }
])("a bundle resends and is refused in $runtime", async ({ run }) => {
  const [file = "", ...args] = run()
  const { stderr, stdout } = await promisify(execFile)(file, [...args, "command.mjs", emulator.firstLine], {
    cwd: directory,
    env: { HOME: directory, DENO_NO_UPDATE_CHECK: "1", DO_NOT_TRACK: "1" }
  })
  assert.deepEqual({ stderr, stdout }, { stderr: "", stdout: `${expected}\n` })
  assert.deepEqual(await mailed(), ["ann@acme.com", "ann@acme.com"])
})

it("a bundle resends and is refused in workerd", async () => {
  const worker = new Miniflare({
    rootPath: directory,
    modulesRoot: directory,
    scriptPath: "worker.mjs",
    modules: true,
    compatibilityDate: "2026-07-01",
    // Otherwise it asks Cloudflare where it is
    cf: false
  })
  onTestFinished(() => worker.dispose())
  const response = await worker.dispatchFetch("http://localhost", { method: "POST", body: emulator.firstLine })
  assert.strictEqual(await response.text(), expected)
  assert.deepEqual(await mailed(), ["ann@acme.com", "ann@acme.com"])
})
