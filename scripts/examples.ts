import { globSync, readFileSync } from "node:fs"
import { basename } from "node:path"
import { packages, root } from "./packages.ts"

/** The programs and tests that the READMEs show, each as a file of its own. All are type-checked and run. */
export const files: ReadonlyArray<string> = globSync(`${root}test/install/examples/*.ts`).toSorted()
const codes = new Map(files.map((file) => [readFileSync(file, "utf8"), file]))

/** An example in a README: its code, the file with exactly this code, and the output that the README promises. */
export interface Example {
  readonly readme: string
  readonly code: string
  /** Undefined if no file has this code: nothing would check or run the example. */
  readonly file: string | undefined
  /** Undefined if the README promises no output, as after a test. */
  readonly prints: string | undefined
}

const block = /^```(?:ts|tsx|js|typescript|javascript)\b[^\n]*\n([^]*?)^```\n(?:\nprints\n\n((?: {4}.*\n)+))?/gm

/** The examples of a document. Its path is from the root of the repository. */
export const examplesIn = (readme: string): ReadonlyArray<Example> =>
  [...readFileSync(root + readme, "utf8").matchAll(block)].map(([, code = "", printed]) => ({
    readme,
    code,
    file: codes.get(code),
    prints: printed?.replaceAll(/^ {4}/gm, "")
  }))

/** The README of the repository, and those of the packages. */
export const readmes: ReadonlyArray<string> = [
  "README.md",
  ...packages.map(({ folder }) => `packages/${basename(folder)}/README.md`)
]

export const examples: ReadonlyArray<Example> = readmes.flatMap(examplesIn)
