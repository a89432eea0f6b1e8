import { execFile } from "node:child_process"
import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { assert, describe, it } from "vitest"
import { examples } from "../../scripts/examples.ts"
import { packages, root } from "../../scripts/packages.ts"
import rootPackage from "../../package.json" with { type: "json" }

describe.each(packages)("the README of $name", ({ folder }) => {
  const readme = readFileSync(`${folder}/README.md`, "utf8")

  it("has links that lead somewhere", () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)]
    assert.isNotEmpty(links)
    for (const [, path = ""] of links) assert.isTrue(existsSync(join(folder, path)), path)
  })

  it("shows no code but an example that is run", () => {
    const shown = [...readme.matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code)
    assert.deepEqual(
      shown,
      examples.filter((example) => example.readme === readme).map(({ code }) => code)
    )
  })
})

it.each(globSync(".github/workflows/*", { cwd: root }))("%s runs the version of pnpm that is pinned", (workflow) => {
  const named = readFileSync(root + workflow, "utf8").match(/pnpm@[\d.]+/g)
  assert.deepEqual([...new Set(named)], [rootPackage.packageManager])
})

it.each(examples)("the example $file prints what its README says", async ({ file, prints }) => {
  const { stderr, stdout } = await promisify(execFile)(process.execPath, [file])
  assert.deepEqual({ stderr, stdout }, { stderr: "", stdout: prints })
})
