import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { examples } from "../../scripts/examples.ts"
import { packages, root } from "../../scripts/packages.ts"
import { runToEnd } from "../../scripts/launch.ts"
import rootPackage from "../../package.json" with { type: "json" }

describe.each(packages)("the README of $name", ({ folder }) => {
  const readme = readFileSync(`${folder}/README.md`, "utf8")

  it("has links to files that exist", () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)]
    assert.isNotEmpty(links)
    for (const [, path = ""] of links) assert.isTrue(existsSync(join(folder, path)), path)
  })

  it("shows only the example that the tests run", () => {
    const shown = [...readme.matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code)
    assert.deepEqual(
      shown,
      examples.filter((example) => example.readme === readme).map(({ code }) => code)
    )
  })
})

it.each(globSync(".github/workflows/*", { cwd: root }))("%s runs the pinned version of pnpm", (workflow) => {
  const named = readFileSync(root + workflow, "utf8").match(/pnpm@[\d.]+/g)
  assert.deepEqual([...new Set(named)], [rootPackage.packageManager])
})

it.each(examples)("the example $file prints the output in its README", async ({ file, prints }) => {
  const { stderr, stdout } = await runToEnd(process.execPath, [file])
  assert.deepEqual({ stderr, stdout }, { stderr: "", stdout: prints })
})
