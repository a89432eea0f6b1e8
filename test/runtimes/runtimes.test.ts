import { build } from "esbuild"
import { Miniflare } from "miniflare"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo, Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, beforeEach, it, onTestFinished } from "vitest"
import { runToEnd } from "../../scripts/launch.ts"
import { get, post, startEmulator } from "../app/runCli.ts"
import { world } from "./world.ts"

const here = fileURLToPath(new URL(".", import.meta.url))
const line = "resent to ann@acme.com, then AlreadyClaimed"
const expected = `${line}\n${line}`

/** The installed binary. `bun` and `deno` have one package for each platform, and one of them fits this machine. */
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
  // The build for a browser fails if the code needs a module of Node
  await build({
    absWorkingDir: here,
    entryPoints: ["worker.ts", "command.ts", "cut.ts"],
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
  await rm(directory, { recursive: true })
  await emulator.stop()
})

beforeEach(() => post(`${emulator.firstLine}/_emulator/seed`, world))

const mailed = async () => {
  const outbox = await get(`${emulator.firstLine}/_emulator/outbox`)
  assert(Array.isArray(outbox))
  return outbox.map(({ to }) => to)
}

const runtimes = [
  { runtime: "Node", command: () => [process.execPath] },
  { runtime: "Bun", command: () => [binary("bun", "bin/bun")] },
  { runtime: "Deno", command: () => [binary("deno", "deno"), "run", "--no-remote", "--allow-net=127.0.0.1"] }
]
const run = ([file = "", ...args]: ReadonlyArray<string>, bundle: string, url: string) =>
  runToEnd(file, [...args, bundle, url], {
    cwd: directory,
    env: { HOME: directory, DENO_NO_UPDATE_CHECK: "1", DO_NOT_TRACK: "1" }
  })

it.each(runtimes)("a bundle resends and is refused in $runtime", async ({ command }) => {
  const { stderr, stdout } = await run(command(), "command.mjs", emulator.firstLine)
  assert.deepEqual({ stderr, stdout }, { stderr: "", stdout: `${expected}\n` })
  assert.deepEqual(await mailed(), ["ann@acme.com", "ann@acme.com"])
})

it.each(runtimes)(
  "$runtime sends nothing twice if a kept connection is gone before the answer",
  async ({ command }) => {
    const used = new WeakSet<Socket>()
    let requests = 0
    const server = createServer(({ socket }, response) => {
      requests++
      if (used.has(socket)) return void socket.destroy()
      used.add(socket)
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    }).listen(0, "127.0.0.1")
    onTestFinished(() => void server.close())
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const { stderr } = await run(command(), "cut.mjs", `http://127.0.0.1:${port}`)
    assert.deepEqual({ stderr, requests }, { stderr: "", requests: 8 })
  }
)

it("a bundle resends and is refused in workerd", async () => {
  const worker = new Miniflare({
    rootPath: directory,
    modulesRoot: directory,
    scriptPath: "worker.mjs",
    modules: true,
    compatibilityDate: "2026-07-01",
    // Otherwise Miniflare asks Cloudflare for its location
    cf: false
  })
  onTestFinished(() => worker.dispose())
  const response = await worker.dispatchFetch("http://localhost", { method: "POST", body: emulator.firstLine })
  assert.strictEqual(await response.text(), expected)
  assert.deepEqual(await mailed(), ["ann@acme.com", "ann@acme.com"])
})
