import { globSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** The root folder of the repository, with a slash at the end. */
export const root = fileURLToPath(new URL("../", import.meta.url))

/** The folder of the packed tarballs. */
export const tarballs = `${root}dist/tarballs`

export interface Package {
  readonly folder: string
  readonly name: string
  readonly description: string
  readonly version: string
  /** Only a command has one. It is published as a bundle, without modules to import. */
  readonly bin?: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | null>>
  readonly dependencies?: Readonly<Record<string, string>>
  /** A bundle holds what it depends on. */
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Every published package. */
export const packages: ReadonlyArray<Package> = readdirSync(`${root}packages`)
  .map((name) => `${root}packages/${name}`)
  .map((folder) => ({ ...JSON.parse(readFileSync(`${folder}/package.json`, "utf8")), folder }))
  .filter((manifest) => manifest.private !== true)

/** The subpaths that users can import. The package must have been built. */
export const entryPoints = ({ exports, folder }: Package): ReadonlyArray<string> =>
  "./*" in exports
    ? globSync("*.js", { cwd: `${folder}/dist` }).map((file) => (file === "index.js" ? "." : `./${file.slice(0, -3)}`))
    : Object.keys(exports)
