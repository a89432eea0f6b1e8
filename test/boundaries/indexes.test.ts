import { globSync } from "node:fs"
import { basename } from "node:path"
import { assert, describe, it } from "vitest"
import { packages } from "../../scripts/packages.ts"

// A bundler looks for undici in every app that imports this module, and undici is optional
const byPathAlone: ReadonlySet<string> = new Set(["@polar-seats/http/UndiciTransport"])

const libraries = packages.filter(({ exports }) => "./*" in exports)

describe.each(libraries)("the index of $name", ({ folder, name }) => {
  const modules = globSync("*.ts", { cwd: `${folder}/src` })
    .map((file) => basename(file, ".ts"))
    .filter((module) => module !== "index" && !byPathAlone.has(`${name}/${module}`))

  it("has every public module by its name, and nothing else", async () => {
    const index: object = await import(name)
    assert.sameMembers(Object.keys(index), modules)
  })

  it.each(modules)("%s is the module that its path gives", async (module) => {
    const index: Record<string, unknown> = await import(name)
    assert.strictEqual(index[module], await import(`${name}/${module}`))
  })
})
