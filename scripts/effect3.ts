import assert from "node:assert/strict"
import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { firstLine, launch, runToEnd, whenReady } from "./launch.ts"
import { packages, root, tarballs } from "./packages.ts"
import { run } from "./run.ts"

const read = (file: string) => JSON.parse(readFileSync(file, "utf8"))
const writeJson = (file: string, value: unknown) => writeFileSync(file, JSON.stringify(value))

const tarballOf = (name: string): string => {
  const version = packages.find((pkg) => pkg.name === name)?.version
  return `file:${tarballs}/${name.slice(1).replace("/", "-")}-${version}.tgz`
}

/** The example as a user copies it, with the tarballs in place of the releases. */
const copyTo = (folder: string) => {
  const names = ["package.json", "pnpm-workspace.yaml", "tsconfig.json", "src", "seats/package.json", "seats/src"]
  for (const name of names) cpSync(`${root}examples/effect-3/${name}`, join(folder, name), { recursive: true })
  const file = join(folder, "seats/package.json")
  const manifest = read(file)
  const ours = Object.keys(manifest.dependencies).filter((name) => name.startsWith("@polar-seats/"))
  for (const name of ours) manifest.dependencies[name] = tarballOf(name)
  writeJson(file, manifest)
  // The tarballs depend on each other by version, and pnpm looks for these in the registry
  const overrides = ours.map((name) => `  "${name}": ${tarballOf(name)}\n`).join("")
  writeFileSync(join(folder, "pnpm-workspace.yaml"), `overrides:\n${overrides}`, { flag: "a" })
}

const npm = (folder: string) => run(folder, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error")

/** The ways to have the library in a package of its own. */
const ways: Readonly<Record<string, (folder: string) => void>> = {
  npm,
  pnpm: (folder) =>
    run(folder, "npx", "-y", read(`${root}package.json`).packageManager, "install", "--no-frozen-lockfile"),
  "npm as a file: dependency": (folder) => {
    const file = join(folder, "package.json")
    const { workspaces: _, ...manifest } = read(file)
    writeJson(file, { ...manifest, dependencies: { ...manifest.dependencies, "@acme/seats": "file:./seats" } })
    npm(folder)
  }
}

const command = `${root}packages/app/src/main.ts`
const world = `${root}examples/acme.json`

const outbox = async (url: string): Promise<ReadonlyArray<string>> => {
  const mails = await (await fetch(`${url}/_emulator/outbox`)).json()
  return (mails as ReadonlyArray<{ readonly to: string }>).map(({ to }) => to)
}

/**
 * Installs the example for apps on Effect 3 in each way, type-checks it, and runs it against the emulator of this
 * repository. It has to be refused a mail, to abort one, and to send one.
 */
export const checkEffect3 = async (makeFolder: (name: string) => string): Promise<void> => {
  for (const [way, install] of Object.entries(ways)) {
    const folder = makeFolder(`effect-3-${way.replaceAll(/\W/g, "-")}`)
    copyTo(folder)
    install(folder)
    const versions = ["", "seats/"].map((up) => read(join(folder, up, "node_modules/effect/package.json")).version)
    assert.match(versions.join(" and "), /^3\.\d+\.\d+ and 4\.\d+\.\d+$/)
    run(folder, process.execPath, "node_modules/typescript/bin/tsc")
    const emulator = launch(process.execPath, [command, "emulator", "--seed", world])
    try {
      const url = await whenReady(emulator, firstLine(emulator))
      const env = { ...process.env, POLAR_API_URL: url }
      const { stdout } = await runToEnd(process.execPath, ["src/main.ts"], { cwd: folder, env })
      assert.match(stdout, /^Refused: 409 .*"AlreadyClaimed".*\nAborted: 499\nSent: 200 .*"ann@acme\.com".*\n$/)
      assert.deepEqual(await outbox(url), ["ann@acme.com"])
    } finally {
      await emulator.stop()
    }
    console.log(`Effect ${versions.join(" and ")} in one app, installed by ${way}: a refusal, an abort and a resend`)
  }
}
