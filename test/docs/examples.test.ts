import { globSync, readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { runToEnd } from "../../scripts/launch.ts"
import { examples, examplesIn, files, readmes } from "../../scripts/examples.ts"
import { packages, root } from "../../scripts/packages.ts"
import rootPackage from "../../package.json" with { type: "json" }

const read = (path: string) => readFileSync(root + path, "utf8")

// The reference shows declarations, and a changelog shows old versions
const others = globSync(["*.md", "{docs,examples}/**/*.md", "packages/*/*.md"], {
  cwd: root,
  exclude: ["**/node_modules/**"]
}).filter((path) => !path.startsWith("docs/api/") && !path.endsWith("CHANGELOG.md") && !readmes.includes(path))

describe.each(readmes)("%s", (readme) => {
  // `pnpm check` type-checks the files, and vitest runs those that are tests
  it("shows whole files that are type-checked and run", () => {
    for (const { code, file, prints } of examplesIn(readme)) {
      assert.isDefined(file, `No file of test/install/examples is exactly this code:\n${code}`)
      assert.isTrue(
        prints !== undefined || file.endsWith(".test.ts"),
        `The README does not say what this prints:\n${code}`
      )
    }
  })

  it("has only fences that are examples", () => {
    assert.lengthOf(read(readme).match(/^```/gm) ?? [], 2 * examplesIn(readme).length)
  })
})

it("each example is in one README", () => {
  assert.sameMembers(
    examples.map(({ file }) => file),
    [...files]
  )
})

it.each(examples.filter(({ prints }) => prints !== undefined))(
  "the example $file prints the output in its README",
  async ({ file = "", prints }) => {
    const { stderr, stdout } = await runToEnd(process.execPath, [file])
    assert.deepEqual({ stderr, stdout }, { stderr: "", stdout: prints })
  }
)

it.each(others)("%s has no example, because nothing would run it", (path) => {
  assert.deepEqual(examplesIn(path), [])
})

it("the sources have no examples, because nothing would run them", () => {
  const withExamples = globSync("packages/*/src/**/*.ts", { cwd: root }).filter((path) =>
    /^\s*\* *(?:@example|```)/m.test(read(path))
  )
  assert.deepEqual(withExamples, [])
})

describe("the commands of the README", () => {
  const readme = read("README.md")

  it("name only the pinned version of pnpm, and scripts of this repository", () => {
    const commands = [...readme.matchAll(/npx -y (pnpm@[\d.]+) ([\w:]+)/g)]
    assert.isAbove(commands.length, 1)
    for (const [, version, script = ""] of commands) {
      assert.strictEqual(version, rootPackage.packageManager)
      assert.property(rootPackage.scripts, script)
    }
  })

  it("install only what is published here, their peers, and what the examples import", () => {
    const known = new Set([
      ...packages.map(({ name }) => name),
      ...packages.flatMap(({ peerDependencies }) => Object.keys(peerDependencies ?? {})),
      ...examplesIn("README.md").flatMap(({ code }) =>
        [...code.matchAll(/from "((?:@[\w-]+\/)?[\w-]+)/g)].map(([, name = ""]) => name)
      ),
      "vitest"
    ])
    const installed = [...readme.matchAll(/npm install ([^\n`|]+)/g)].flatMap(([, names = ""]) =>
      names.split(" ").filter((name) => name !== "" && !name.startsWith("--"))
    )
    assert.isAbove(installed.length, 5)
    assert.deepEqual(
      installed.filter((name) => !known.has(name.replace(/(?<=.)@.*$/, ""))),
      []
    )
  })
})

it("the README has 150 lines at most", () => {
  assert.isAtMost(read("README.md").trimEnd().split("\n").length, 150)
})
