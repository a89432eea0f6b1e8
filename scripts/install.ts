// Installs the tarballs into empty projects, and type-checks and runs the READMEs' examples there. It does so with the
// lowest and the newest effect of the peer range, on Node 22 and on the Node of this repository. Then an app on
// Effect 3, and the app of a new user.
import assert from "node:assert/strict"
import { copyFileSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { checkTypes, compilerSpecifiers } from "./compilers.ts"
import { checkEffect3 } from "./effect3.ts"
import { examples, files } from "./examples.ts"
import { entryPoints, packages, root, tarballs } from "./packages.ts"
import { firstLine, launch, whenReady } from "./launch.ts"
import { checkNewApp } from "./newApp.ts"
import { run } from "./run.ts"
import { makeTemporaryFolder } from "./temporaryFolder.ts"

const work = makeTemporaryFolder("install")

const writeJson = (file: string, value: unknown) => writeFileSync(file, JSON.stringify(value))

const emptyProject = (name: string): string => {
  const folder = join(work, name)
  mkdirSync(folder)
  writeJson(join(folder, "package.json"), { private: true, type: "module" })
  return folder
}

const install = (folder: string, ...specifiers: ReadonlyArray<string>) =>
  run(folder, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error", ...specifiers)

/** The specifier of a tool in the version that this repository uses. */
const pinned = (name: string, in_ = "test") =>
  `${name}@${JSON.parse(readFileSync(`${root}${in_}/node_modules/${name}/package.json`, "utf8")).version}`

const effects = () => {
  const libraries = packages.filter(({ bin }) => bin === undefined)
  const ranges = new Set(libraries.map(({ peerDependencies }) => peerDependencies?.["effect"]))
  const [range] = ranges
  assert(range !== undefined && ranges.size === 1, "Every library must have the same peer range for effect")
  const found: ReadonlyArray<string> = [
    JSON.parse(run(work, "npm", "view", `effect@${range}`, "version", "--json"))
  ].flat()
  const [lowest] = found
  const newest = found.at(-1)
  assert(lowest !== undefined && newest !== undefined, `The registry has no effect ${range}`)
  console.log(
    lowest === newest
      ? `effect ${range}: ${lowest} is the only version in the registry`
      : `effect ${range}: the lowest is ${lowest}, the newest ${newest}`
  )
  return [...new Set([lowest, newest])]
}

/** The public modules, as users import them. */
const modules = packages.flatMap((pkg) => entryPoints(pkg).map((entry) => join(pkg.name, entry)))

/** A program that imports every public module, checks that internal ones cannot be imported, and prints the count. */
const everyModule = () => {
  const internals = packages.flatMap(({ folder, name }) =>
    globSync("internal/**/*.js", { cwd: `${folder}/dist` }).map((file) => join(name, file.slice(0, -3)))
  )
  return `import assert from "node:assert/strict"
for (const module of ${JSON.stringify(modules)}) await import(module)
for (const module of ${JSON.stringify(internals)}) {
  await assert.rejects(import(module), { code: "ERR_PACKAGE_PATH_NOT_EXPORTED" })
}
console.log(${modules.length})
`
}

/** A module that reads the declarations of every public module. */
const everyType = () => modules.map((name, index) => `export * as module${index} from "${name}"\n`).join("")

const project = (effect: string): string => {
  const folder = emptyProject(`effect-${effect}`)
  // The tarballs come first and alone, as a user installs them, so that a missing dependency is noticed
  install(folder, ...globSync(`${tarballs}/*.tgz`), `effect@${effect}`)
  assert.deepEqual(globSync("node_modules/**/effect/package.json", { cwd: folder }), [
    "node_modules/effect/package.json"
  ])
  install(folder, pinned("@effect/platform-node"), pinned("@effect/vitest"), pinned("vitest"), ...compilerSpecifiers)
  const installed = JSON.parse(readFileSync(join(folder, "node_modules/effect/package.json"), "utf8")).version
  assert.equal(installed, effect)
  for (const file of files) copyFileSync(file, join(folder, basename(file)))
  writeFileSync(join(folder, "every.mjs"), everyModule())
  writeFileSync(join(folder, "every.ts"), everyType())
  console.log(`effect ${effect}: ${checkTypes(folder)} combinations of a compiler and its options find no error`)
  return folder
}

const node22 = () => {
  const folder = emptyProject("node-22")
  install(folder, "node@22")
  return join(folder, "node_modules/node/bin/node")
}

/** Checks that the installed emulator serves the page, which the build has bundled. */
const servesThePage = async (folder: string, node: string, command: string) => {
  const emulator = launch(node, [command, "emulator"], { cwd: folder })
  try {
    const line = await whenReady(emulator, firstLine(emulator))
    for (const path of ["/", "/page.js", "/page.css"]) {
      const answer = await fetch(`${line}${path}`)
      assert.equal(answer.status, 200, `${path}: ${answer.status}`)
    }
  } finally {
    await emulator.stop()
  }
}

/** Installs the command alone, as its users do, and runs it on each Node. It has to bring no other package. */
const checkCommand = async (nodes: ReadonlyArray<string>) => {
  const folder = emptyProject("command")
  const [tarball = ""] = globSync(`${tarballs}/polar-seats-app-[0-9]*.tgz`)
  const help = run(folder, "npx", "--yes", "--package", tarball, "polar-seats", "--help")
  assert.match(help, /^ {2}resend /m)
  install(folder, "--global", "--prefix", folder, tarball)
  const installed = globSync("lib/node_modules/**/package.json", { cwd: folder })
  assert.deepEqual(installed, ["lib/node_modules/@polar-seats/app/package.json"])
  const command = join(folder, "bin/polar-seats")
  for (const node of nodes) {
    assert.equal(run(folder, node, command, "--help"), help)
    assert.match(run(folder, node, command, "demo"), /The mail that was sent: to ann@acme\.com/)
    await servesThePage(folder, node, command)
  }
  const size = run(folder, "du", "-sk", "lib").split("\t")[0]
  console.log(
    `The command alone: ${Math.round(statSync(tarball).size / 1024)} KiB packed, ${size} KiB installed, 1 package`
  )
}

const nodes = [node22(), process.execPath]
await checkCommand(nodes)
for (const effect of effects()) {
  const folder = project(effect)
  for (const node of nodes) {
    const on = (...args: ReadonlyArray<string>) => run(folder, node, ...args)
    for (const { file, prints } of examples) {
      if (file !== undefined && prints !== undefined) assert.equal(on(basename(file)), prints)
    }
    const imported = on("every.mjs").trim()
    const tests = /Tests .*?(\d+) passed/.exec(on("node_modules/vitest/vitest.mjs", "run", "--no-color"))?.[1]
    assert(tests !== undefined)
    const command = "node_modules/.bin/polar-seats"
    assert.equal(on(command, "--version"), `polar-seats v${packages[0]?.version}\n`)
    assert.match(on(command, "demo"), /The mail that was sent: to ann@acme\.com/)
    await servesThePage(folder, node, command)
    console.log(
      `Node ${on("--version").trim()}, effect ${effect}: ${imported} modules, ${examples.length} examples, ${tests} tests and the demo`
    )
  }
}
await checkEffect3(emptyProject)
await checkNewApp({ folder: emptyProject("new-app"), install, nodes, pinned })
