import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { type BundledPackage, bundledPackages, type Metafile } from "./notices.ts"
import { type Package, root } from "./packages.ts"

const metafiles = `${root}dist/metafiles`

const metafileOf = ({ name }: Package) => `${metafiles}/${name.replace(/^.*\//, "")}.json`

/** Forgets the bundles of earlier builds. */
export const forgetBundles = () => {
  rmSync(metafiles, { recursive: true, force: true })
  mkdirSync(metafiles, { recursive: true })
}

/** Keeps what esbuild has said about the bundles of a package, outside of what is packed. */
export const keepBundles = (pkg: Package, { outputs }: Metafile) =>
  writeFileSync(metafileOf(pkg), JSON.stringify({ outputs }))

/** The packages that the bundles of a package hold code of, since it was built. */
export const bundledIn = (pkg: Package): ReadonlyArray<BundledPackage> => {
  const [metafile] = globSync(metafileOf(pkg))
  return metafile === undefined ? [] : bundledPackages(JSON.parse(readFileSync(metafile, "utf8")), pkg.folder)
}
