import { existsSync, readFileSync } from "node:fs"
import { basename } from "node:path"
import { packages, root } from "./packages.ts"

const directory = `${root}test/install/examples/`

/** The example in a package's README: the file with its code, and the output that the README promises. */
export interface Example {
  readonly readme: string
  readonly file: string
  readonly code: string
  readonly prints: string
}

/** The examples of all packages that have one. */
export const examples: ReadonlyArray<Example> = packages.flatMap(({ folder }) => {
  const file = `${directory}${basename(folder)}.ts`
  if (!existsSync(file)) return []
  const readme = readFileSync(`${folder}/README.md`, "utf8")
  const printed = /\nprints\n\n((?: {4}.*\n)+)/.exec(readme)?.[1] ?? ""
  return { readme, file, code: readFileSync(file, "utf8"), prints: printed.replaceAll(/^ {4}/gm, "") }
})

/** The code that the root README shows, and its imports. All of it is type-checked, and the tests in it are run. */
export const shownInReadme: ReadonlyArray<string> = [
  `${directory}readme.ts`,
  `${root}test/acceptance/swapLayers.test.ts`,
  `${root}test/acceptance/remind.test.ts`,
  `${root}test/acceptance/team.ts`
]
