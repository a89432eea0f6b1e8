import { assert, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer } from "effect"
import { globSync, readFileSync } from "node:fs"
import { root } from "../../scripts/packages.ts"
import seats from "../install/examples/readme.ts"

const read = (path: string) => readFileSync(root + path, "utf8")

// The reference shows declarations, and a changelog shows old versions
const documents = globSync(["*.md", "docs/**/*.md", "packages/*/*.md"], { cwd: root }).filter(
  (path) => !path.startsWith("docs/api/") && !path.endsWith("CHANGELOG.md")
)
const examplesIn = (path: string) =>
  [...read(path).matchAll(/^```(?:ts|tsx|js|typescript|javascript)\b[^\n]*\n([^]*?)\n```$/gm)].map(
    ([, code = ""], index) => ({ path, index: index + 1, code })
  )

// All of these files are type-checked and run: vitest runs the tests, test/install/readmes.test.ts and the last test below the examples
const run = globSync(["test/**/*.test.ts", "test/install/examples/*.ts"], {
  cwd: root,
  exclude: ["**/node_modules/**", "test/docs/**"]
}).map(read)

it.each(documents.flatMap(examplesIn))(
  "example $index of $path is an exact copy of code that the tests run",
  ({ code }) => {
    assert.isTrue(
      run.some((file) => `\n${file}`.includes(`\n${code}\n`)),
      `No test and no example has this code. Copy it from one of them:\n${code}`
    )
  }
)

it("finds more than four examples", () => {
  assert.isAbove(documents.flatMap(examplesIn).length, 4)
})

it("the sources have no examples, because nothing would run them", () => {
  const withExamples = globSync("packages/*/src/**/*.ts", { cwd: root }).filter((path) =>
    /^\s*\* *(?:@example|```)/m.test(read(path))
  )
  assert.deepEqual(withExamples, [])
})

it.effect("the layer in the README builds from the configuration that it names", () =>
  Layer.build(seats).pipe(
    Effect.scoped,
    Effect.provide(
      ConfigProvider.layer(
        ConfigProvider.fromUnknown({ POLAR_CUSTOMER_SESSION: "polar_cst_acme", POLAR_ENVIRONMENT: "sandbox" })
      )
    )
  )
)
