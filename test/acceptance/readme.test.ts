import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import rootPackage from "../../package.json" with { type: "json" }

const root = new URL("../../", import.meta.url)
const file = (path: string) => readFileSync(new URL(path, root), "utf8")
const readme = file("README.md")

describe("the README", () => {
  it.each([
    ["swapLayers.test.ts", "const resendLive"],
    ["remind.test.ts", "const remindTeam"]
  ])("shows %s, which the tests run, to the letter", (name, start) => {
    const example = file(`test/acceptance/${name}`)
    const program = example.slice(example.indexOf(start))
    assert.include(readme, `\`\`\`ts\n${program.trimEnd()}\n\`\`\``)
  })

  it("names the version of pnpm that the project is pinned to, wherever it names one", () => {
    const commands = readme.match(/pnpm@[\d.]+/g) ?? []
    assert.isAbove(commands.length, 1)
    assert.deepEqual([...new Set(commands)], [rootPackage.packageManager])
  })

  it("has links that lead somewhere", () => {
    for (const [, path = ""] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
      assert.isTrue(existsSync(new URL(path, root)), path)
  })
})
