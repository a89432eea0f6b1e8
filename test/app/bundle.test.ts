import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { isBuiltin } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, beforeAll, describe, it, type TestContext } from "vitest"
import { bundleCommand } from "../../scripts/command.ts"
import { firstLine, launch, runToEnd, whenReady } from "../../scripts/launch.ts"
import { root } from "../../scripts/packages.ts"
import { main, run, sourceMain, startEmulator } from "./runCli.ts"

const bundleInto = async () => {
  const folder = mkdtempSync(join(tmpdir(), "polar-seats-bundle-"))
  const metafile = await bundleCommand(folder)
  const files = new Map(
    readdirSync(join(folder, "dist")).map((name) => [name, readFileSync(join(folder, "dist", name), "utf8")])
  )
  rmSync(folder, { recursive: true })
  return { files, metafile }
}

describe("the bundle of the command", () => {
  let first: Awaited<ReturnType<typeof bundleInto>>
  beforeAll(async () => {
    first = await bundleInto()
  })
  const scripts = () => Object.entries(first.metafile.outputs).filter(([path]) => !/page\.(js|css)$/.test(path))

  it("is the same in each folder, and names no folder of the machine", async () => {
    const second = await bundleInto()
    assert.deepEqual(second.files, first.files)
    for (const [name, text] of first.files) assert.notInclude(text, root, name)
  })

  it("needs nothing but Node and its own files", () => {
    const outside = scripts().flatMap(([, { imports }]) => imports.filter(({ external }) => external === true))
    assert.isAbove(outside.length, 10)
    // The page is beside the command, so it is not built. A web socket does without the other two
    assert.deepEqual(
      new Set(outside.filter(({ path }) => !isBuiltin(path)).map(({ kind, path }) => `${kind} ${path}`)),
      new Set(["dynamic-import esbuild", "require-call bufferutil", "require-call utf-8-validate"])
    )
    for (const name of ["main.js", "page.js", "page.css"]) assert(first.files.has(name), name)
  })

  it("holds each module once, and each package in one version", () => {
    const modules = scripts().flatMap(([, { inputs }]) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []))
    )
    assert.deepEqual(modules.toSorted(), Array.from(new Set(modules)).toSorted())
    const versions = new Set(
      modules.flatMap((path) => /\.pnpm\/(@?[^@/]+)@[^/_]+/.exec(path)?.slice(0, 2).join(" ") ?? [])
    )
    const names = Array.from(versions, (version) => version.split(" ")[1])
    assert.include(names, "effect")
    assert.deepEqual(names.toSorted(), Array.from(new Set(names)).toSorted())
  })

  it("starts with a module that an older Node can read, so that it says which one it needs", () => {
    const [, entry] = scripts().find(([path]) => path === "dist/main.js") ?? []
    assert.deepEqual(
      entry?.imports.map(({ kind, path }) => `${kind} ${path.replace(/-\w+\.js$/, "")}`),
      ["dynamic-import dist/run"]
    )
    assert.isTrue(first.files.get("main.js")?.startsWith("#!/usr/bin/env node\n"))
  })

  it("reads its version from the package that it is in", async () => {
    const { version } = JSON.parse(readFileSync(`${root}packages/app/package.json`, "utf8"))
    assert.deepEqual(await run(["--version"]), { code: 0, stdout: `polar-seats v${version}\n`, stderr: "" })
  })
})

describe("the sources of the command", () => {
  it("are another program than the bundle, with the same help", async () => {
    assert.notStrictEqual(main, sourceMain)
    const { stdout } = await runToEnd(process.execPath, [sourceMain, "--help"])
    assert.strictEqual((await run(["--help"])).stdout, stdout)
  })

  it("build the emulator's page as the bundle has it", async ({ onTestFinished }: TestContext) => {
    const fromSource = launch(process.execPath, [sourceMain, "emulator"])
    onTestFinished(async () => void (await fromSource.stop()))
    const bundled = await startEmulator()
    onTestFinished(async () => void (await bundled.stop()))
    const url = await whenReady(fromSource, firstLine(fromSource))
    for (const path of ["/page.js", "/page.css"]) {
      const [expected, actual] = await Promise.all([url, bundled.firstLine].map((url) => fetch(`${url}${path}`)))
      assert.strictEqual(actual?.status, 200)
      assert.strictEqual(await actual?.text(), await expected?.text())
    }
  })
})
