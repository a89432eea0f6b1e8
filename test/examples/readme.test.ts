import { assert, it } from "vitest"
import { globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import rootPackage from "../../package.json" with { type: "json" }

const cwd = fileURLToPath(new URL("../../examples/", import.meta.url))
const read = (path: string) => readFileSync(cwd + path, "utf8")

it("the README has a row for each example, and no other row", () => {
  const rows = [...read("README.md").matchAll(/^\| \[([^\]]+)\]\(src\/([^)]+)\)/gm)]
  assert.deepEqual(
    rows.map(([, name]) => name),
    rows.map(([, , path]) => path)
  )
  assert.sameMembers(
    rows.map(([, name]) => `src/${name}`),
    globSync("src/*.ts", { cwd })
  )
})

it.each(["README.md", "effect-3/README.md", ...globSync("src/*.ts", { cwd })])(
  "%s names the pinned version of pnpm",
  (path) => {
    const named = read(path).match(/pnpm@[\d.]+/g)
    assert.deepEqual([...new Set(named)], [rootPackage.packageManager])
  }
)
