import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { checkTypes, compilerSpecifiers } from "./compilers.ts"
import { firstLine, launch, whenPrinted, whenReady } from "./launch.ts"
import { root, tarballs } from "./packages.ts"
import { run } from "./run.ts"

const source = `${root}test/install/app`

const tarball = (name: string) => globSync(`${tarballs}/polar-seats-${name}-[0-9]*.tgz`)

/** Writes the text of `explain.ts` once for each error, without the case of that error. Returns the names of the files. */
const writeIncomplete = (folder: string): ReadonlyArray<string> => {
  const text = readFileSync(join(folder, "explain.ts"), "utf8")
  const cases = [...text.matchAll(/^ {4}case "(\w+)":\n(?: {6}.*\n)*/gm)]
  assert(cases.length > 0)
  mkdirSync(join(folder, "incomplete"))
  return cases.map(([found, tag]) => {
    // The body of several cases stays, below the case before it
    const body = found.slice(found.indexOf("\n") + 1)
    const shared = text.slice(0, text.indexOf(found)).endsWith('":\n')
    const file = `incomplete/${tag}.ts`
    writeFileSync(join(folder, file), text.replace(found, shared ? body : ""))
    return file
  })
}

/** Checks that the app does not compile if any one error has no sentence. Returns how many errors that are. */
const checkExhaustive = (folder: string): number => {
  const files = writeIncomplete(folder)
  const { stdout } = spawnSync(process.execPath, ["node_modules/typescript-7/bin/tsc"], {
    cwd: folder,
    encoding: "utf8"
  })
  assert.deepEqual(new Set(stdout.match(/^incomplete\/\w+\.ts(?=.*TS2366)/gm)), new Set(files), stdout)
  rmSync(join(folder, "incomplete"), { recursive: true })
  return files.length
}

/** Starts the app and an emulator of Polar as two processes, and resends over sockets. */
const checkServer = async (folder: string, node: string) => {
  const seed = `${root}examples/acme.json`
  const emulator = launch(process.execPath, [`${root}packages/app/src/main.ts`, "emulator", "--seed", seed])
  const polar = await whenReady(emulator, firstLine(emulator))
  const env = { ...process.env, POLAR_API_URL: polar, PORT: "0" }
  const app = launch(node, ["main.ts"], { cwd: folder, env })
  try {
    const url = await whenReady(
      app,
      whenPrinted(app, ({ stderr, stdout }) => /http:\/\/[\w.:]+/.exec(stdout + stderr)?.[0])
    )
    const post = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` }
      const seat = `${url}/seats/9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b`
      const subscription = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
      const response = await fetch(`${seat}/resend?subscription=${subscription}`, { method: "POST", headers })
      return response.status
    }
    assert.deepEqual([await post("polar_cst_stale"), await post("polar_cst_s3cret")], [401, 200])
    assert.equal(await post("polar_cst_s3cret"), 429)
  } finally {
    await Promise.all([app.stop(), emulator.stop()])
  }
}

/** The folder of the app, and the caller's tools that put it there. */
export interface Options {
  readonly folder: string
  readonly nodes: ReadonlyArray<string>
  readonly install: (folder: string, ...specifiers: ReadonlyArray<string>) => void
  readonly pinned: (name: string, in_?: string) => string
}

/** Builds the app of a new user from the tarballs in an empty project: compiles it, runs its tests, and starts it. */
export const checkNewApp = async ({ folder, install, nodes, pinned }: Options): Promise<void> => {
  const needed = ["domain", "http", "invitations"].flatMap(tarball)
  install(folder, ...needed, pinned("effect"), pinned("@effect/platform-node"), pinned("undici"))
  const tools = ["@effect/vitest", "vitest", "@types/node"].map((name) => pinned(name))
  install(folder, "--save-dev", ...tarball("emulator"), ...tools, ...compilerSpecifiers)
  for (const file of globSync(`${source}/*.ts`)) cpSync(file, join(folder, basename(file)))
  const lines = globSync("*.ts", { cwd: folder }).map((file) => ({
    file,
    lines: readFileSync(join(folder, file), "utf8").split("\n").length - 1
  }))
  const combinations = checkTypes(folder, ["node"])
  const errors = checkExhaustive(folder)
  for (const node of nodes) {
    const tests = /Tests .*?(\d+) passed/.exec(run(folder, node, "node_modules/vitest/vitest.mjs", "run", "--no-color"))
    assert(tests !== null)
    await checkServer(folder, node)
    const version = run(folder, node, "--version").trim()
    console.log(`Node ${version}: the app of a new user runs, and so do its ${tests[1]} tests`)
  }
  const listed = lines.map((one) => `${one.file} ${one.lines}`).join(", ")
  console.log(`Its lines: ${listed}`)
  console.log(
    `${combinations} combinations of a compiler and its options find no error, and one if any of ${errors} cases is gone`
  )
}
