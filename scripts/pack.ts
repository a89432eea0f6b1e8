// Builds every package from scratch and packs it. Then publint and attw judge the tarball.
import assert from "node:assert/strict"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { bundledIn, forgetBundles, keepBundles } from "./bundles.ts"
import { bundleCommand } from "./command.ts"
import { formatNotices, noticesFile } from "./notices.ts"
import { outputSchema } from "../packages/app/src/outputSchema.ts"
import { entryPoints, type Package, packages, root, tarballs } from "./packages.ts"

const read = (cwd: string, command: string, ...args: ReadonlyArray<string>) =>
  execFileSync(command, args, { cwd, encoding: "utf8" })

/** Runs a tool that judges a tarball, and fails with its output if it finds a problem. */
const judge = (command: string, ...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(command, args, { cwd: root, encoding: "utf8" })
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}${stderr}`)
}

/** Checks that a tarball has the files that users, debuggers and agents read, and no others. */
const checkFiles = (pkg: Package, files: ReadonlyArray<string>) => {
  const { folder, name } = pkg
  const notices = `dist/${noticesFile}`
  assert.equal(files.includes(notices), bundledIn(pkg).length > 0, `${name} has ${notices} if and only if it bundles`)
  for (const file of ["README.md", "LICENSE", "CHANGELOG.md", "AGENTS.md"]) {
    assert(files.includes(file), `${name} has no ${file}. LICENSE comes from the root; write the other files by hand.`)
  }
  const stray = files.filter(
    (file) =>
      file !== notices && !/^((dist|src)\/.+\.(js|ts|map|css|schema\.json)|[A-Z]+(\.md)?|package\.json)$/.test(file)
  )
  assert.deepEqual(
    [...stray, ...files.filter((file) => file.includes(".test."))],
    [],
    `${name} packs files that nobody needs. Narrow "files" in its package.json.`
  )
  for (const map of files.filter((file) => file.endsWith(".map"))) {
    for (const source of JSON.parse(readFileSync(join(folder, map), "utf8")).sources) {
      const shipped = join(dirname(map), source)
      assert(
        files.includes(shipped),
        `${name}: ${map} points to ${shipped}, which is not packed. Add it to "files" in its package.json.`
      )
    }
  }
}

/** Checks that npm installs nothing else with a command. */
const checkCommand = (tarball: string) => {
  const manifest = JSON.parse(read(root, "tar", "-xzOf", tarball, "package/package.json"))
  const needed = ["dependencies", "peerDependencies", "optionalDependencies"].filter((kind) => kind in manifest)
  assert.deepEqual(needed, [], `${manifest.name} is bundled. Move what it needs to "devDependencies".`)
}

rmSync(tarballs, { recursive: true, force: true })
mkdirSync(tarballs, { recursive: true })
for (const { folder } of packages) {
  // Otherwise a deleted module stays in dist
  for (const built of ["dist", "tsconfig.tsbuildinfo"]) rmSync(join(folder, built), { recursive: true, force: true })
}
const libraries = packages.filter(({ bin }) => bin === undefined)
execFileSync("tsc", ["-b", ...libraries.map(({ folder }) => folder)], { cwd: root, stdio: "inherit" })
forgetBundles()
for (const pkg of packages.filter(({ bin }) => bin !== undefined)) {
  keepBundles(pkg, await bundleCommand(pkg.folder))
  const dist = join(pkg.folder, "dist")
  writeFileSync(join(dist, noticesFile), formatNotices(bundledIn(pkg)))
  writeFileSync(join(dist, "output.schema.json"), JSON.stringify(outputSchema(), null, 2))
}

for (const pkg of packages) {
  const { folder, name } = pkg
  const { filename } = JSON.parse(read(folder, "pnpm", "pack", "--json", "--pack-destination", tarballs))
  console.log(`\n${name}: ${basename(filename)}, ${Math.round(statSync(filename).size / 1024)} KiB`)
  const listed = read(root, "tar", "-tzf", filename).trim().split("\n")
  checkFiles(
    pkg,
    listed.map((path) => path.replace("package/", ""))
  )
  judge("publint", "run", filename, "--strict")
  const modules = entryPoints(pkg)
  if (modules.length === 0) {
    checkCommand(filename)
    console.log("publint accepts it, and it needs no other package")
  } else {
    judge("attw", filename, "--profile", "esm-only", "--format", "json", "--entrypoints", ...modules)
    console.log(`publint and attw accept its ${modules.length} modules`)
  }
}
