import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import rootPackage from "../../package.json" with { type: "json" }

const root = new URL("../../", import.meta.url)
const file = (path: string) => readFileSync(new URL(path, root), "utf8")
const readme = file("README.md")

describe("the README", () => {
  it("names only the pinned version of pnpm", () => {
    const commands = readme.match(/pnpm@[\d.]+/g) ?? []
    assert.isAbove(commands.length, 1)
    assert.deepEqual([...new Set(commands)], [rootPackage.packageManager])
  })

  it("has links to files that exist", () => {
    for (const [, path = ""] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      assert.isTrue(existsSync(new URL(path, root)), path)
  })
})
