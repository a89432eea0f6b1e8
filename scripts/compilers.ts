import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { run } from "./run.ts"

/** The compilers that an app may have: their names in node_modules, and what to install. */
const compilers = [
  { name: "typescript-5.9", specifier: "typescript-5.9@npm:typescript@5.9" },
  { name: "typescript-7", specifier: "typescript-7@npm:typescript@7" }
]

/** The specifiers of the compilers, for npm. */
export const compilerSpecifiers: ReadonlyArray<string> = compilers.map(({ specifier }) => specifier)

const resolutions = [
  { module: "NodeNext", moduleResolution: "NodeNext" },
  { module: "ESNext", moduleResolution: "Bundler" }
]

/**
 * Type-checks all TypeScript of a folder and the declarations that it imports, with each compiler, each resolution of
 * modules, and `exactOptionalPropertyTypes` on and off. `types` are the packages with global types. Returns how many checks that were.
 */
export const checkTypes = (folder: string, types: ReadonlyArray<string> = []): number => {
  const checks = compilers.flatMap(({ name }) =>
    resolutions.flatMap((resolution) =>
      [true, false].map((exactOptionalPropertyTypes) => ({ name, ...resolution, exactOptionalPropertyTypes }))
    )
  )
  for (const { name, ...options } of checks) {
    const compilerOptions = {
      target: "ES2023",
      lib: ["ES2023", "DOM"],
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      allowImportingTsExtensions: true,
      types,
      ...options
    }
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }))
    try {
      run(folder, process.execPath, `node_modules/${name}/bin/tsc`)
    } catch (error) {
      const { stdout } = error as { readonly stdout?: string }
      throw new Error(`${name} with ${JSON.stringify(options)} finds an error:\n${stdout}`, { cause: error })
    }
  }
  return checks.length
}
