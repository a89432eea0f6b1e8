import { existsSync, globSync, readFileSync } from "node:fs"
import { assert, it } from "vitest"
import { root } from "../../scripts/packages.ts"

const documents = globSync(["AGENTS.md", "docs/*.md", "docs/adr/*.md"], { cwd: root })

it.each(documents)("%s names paths that exist", (document) => {
  const text = readFileSync(root + document, "utf8")
  const paths = [...text.matchAll(/`((?:packages|examples|test|bench|scripts|docs)\/[\w./-]+)`/g)].map(
    ([, path = ""]) => path
  )
  assert.deepEqual(
    paths.filter((path) => !existsSync(root + path)),
    []
  )
})

it("numbers each decision once", () => {
  const numbers = documents.flatMap((path) => /adr\/(\d{4})-/.exec(path)?.[1] ?? [])
  assert.deepEqual(numbers, [...new Set(numbers)])
})
