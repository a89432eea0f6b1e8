// The notices of other people's code that a bundle holds. Their licences ask that each copy comes with them.
import assert from "node:assert/strict"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

/** The part of esbuild's metafile that says which modules a bundle holds code of. */
export interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >
}

/** A package that a bundle holds code of. */
export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** The licence as the package names it (SPDX). */
  readonly license: string
  /** Its files with licences and notices, as they are. */
  readonly notices: ReadonlyArray<string>
}

const isNotice = (file: string) => /^(licen[cs]e|copying|notice)([.-]|$)/i.test(file)

/** The folder of the package that a module belongs to. Folders below it may have a package.json without a name. */
const packageFolderOf = (module: string): string => {
  for (let folder = dirname(module); folder.includes("node_modules"); folder = dirname(folder)) {
    const manifest = join(folder, "package.json")
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, "utf8")).name !== undefined) return folder
  }
  throw new Error(`${module} belongs to no package`)
}

const readPackage = (folder: string): BundledPackage => {
  const { license, name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const notices = readdirSync(folder)
    .filter(isNotice)
    .toSorted()
    .map((file) => readFileSync(join(folder, file), "utf8").trim())
  assert(
    typeof license === "string" && notices.some((text) => text !== ""),
    `${name} ${version} ships no licence, so a bundle must not hold its code. Remove it from the bundle, or ask its authors.`
  )
  return { name, version, license, notices }
}

/**
 * The packages from node_modules that a bundle holds code of, by their names. esbuild ran in `folder`. Fails if one of
 * them has no licence to ship.
 */
export const bundledPackages = ({ outputs }: Metafile, folder: string): ReadonlyArray<BundledPackage> => {
  const modules = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [resolve(folder, path)] : []))
  )
  const folders = new Set(modules.filter((module) => module.includes("/node_modules/")).map(packageFolderOf))
  return Array.from(folders, readPackage).toSorted((a, b) =>
    `${a.name} ${a.version}`.localeCompare(`${b.name} ${b.version}`, "en")
  )
}

/** The text of the file that a tarball ships beside a bundle. */
export const formatNotices = (packages: ReadonlyArray<BundledPackage>): string =>
  [
    "Files of this package hold code of the following packages.",
    ...packages.map(({ license, name, notices, version }) =>
      [`${name} ${version} (${license})`, ...notices].join("\n\n")
    )
  ].join(`\n\n${"-".repeat(80)}\n\n`) + "\n"

/** The name of that file, in the folder `dist` of a package. */
export const noticesFile = "THIRD-PARTY-NOTICES.txt"

/** The packages that the notices of a bundle name, as `name version`. */
export const packagesNamedIn = (notices: string): ReadonlyArray<string> =>
  notices.split(`${"-".repeat(80)}\n\n`).flatMap((section) => /^(\S+ \S+) \(/.exec(section)?.[1] ?? [])
