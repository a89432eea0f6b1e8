import { globSync, readFileSync } from "node:fs"
import { assert, it } from "vitest"
import { root } from "../../scripts/packages.ts"
import rootPackage from "../../package.json" with { type: "json" }

it.each(globSync(".github/workflows/*", { cwd: root }))("%s runs the pinned version of pnpm", (workflow) => {
  const named = readFileSync(root + workflow, "utf8").match(/pnpm@[\d.]+/g)
  assert.deepEqual([...new Set(named)], [rootPackage.packageManager])
})
