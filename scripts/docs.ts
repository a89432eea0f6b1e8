// Replaces docs/api with the API reference of the current sources.
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { root } from "./packages.ts"
import { pages, undocumented } from "./reference.ts"

const folder = `${root}docs/api`
rmSync(folder, { recursive: true, force: true })
for (const [path, text] of pages) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}
console.log(`docs/api has ${pages.size} pages`)
for (const name of undocumented) console.error(`${name} has no comment`)
