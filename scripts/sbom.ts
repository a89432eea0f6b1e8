// Lists what the packed tarballs bring with them: their dependencies as npm installs them, and what their bundles hold.
import assert from "node:assert/strict"
import { createHash } from "node:crypto"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { addBundled, type Bom, findComponent, withoutPaths } from "./bom.ts"
import { bundledIn } from "./bundles.ts"
import { packages, root, tarballs } from "./packages.ts"
import { run } from "./run.ts"
import { makeTemporaryFolder } from "./temporaryFolder.ts"

const work = makeTemporaryFolder("sbom")
// npm takes the name of the folder for the name of the whole
const folder = join(work, "polar-seats")
mkdirSync(folder)
const manifest = { name: "polar-seats", version: packages[0]?.version, license: "MIT", private: true }
writeFileSync(join(folder, "package.json"), JSON.stringify(manifest))

const files = globSync(`${tarballs}/*.tgz`)
assert.equal(files.length, packages.length, "Run pnpm pack:all first")
// The peer, in the version that the tests ran with
const effect = JSON.parse(readFileSync(`${root}packages/app/node_modules/effect/package.json`, "utf8")).version
run(
  folder,
  "npm",
  "install",
  "--ignore-scripts",
  "--no-audit",
  "--no-fund",
  "--loglevel=error",
  ...files,
  `effect@${effect}`
)

const listed: Bom = JSON.parse(run(folder, "npm", "sbom", "--sbom-format=cyclonedx", "--sbom-type=application"))
const bom = packages.reduce((bom, pkg) => addBundled(bom, pkg, bundledIn(pkg)), withoutPaths(listed))

const hashes = files.map((file) => createHash("sha512").update(readFileSync(file)).digest("hex"))
assert.deepEqual(
  packages.map((pkg) => findComponent(bom, pkg)?.hashes?.[0]?.content).toSorted(),
  hashes.toSorted(),
  "The packages in the list are not the tarballs"
)
const text = JSON.stringify(bom, null, 2)
assert(!text.includes(work) && !text.includes(root), "The list names folders of this machine")
writeFileSync(`${root}dist/sbom.cdx.json`, `${text}\n`)
rmSync(work, { recursive: true, force: true })
console.log(`dist/sbom.cdx.json lists ${bom.components.length} packages in CycloneDX ${bom.specVersion}`)
