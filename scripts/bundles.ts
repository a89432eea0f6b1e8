import { globSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { basename } from "node:path"
import { type BundledPackage, bundledPackages, type Metafile } from "./notices.ts"
import { type Package, root } from "./packages.ts"

const metafiles = `${root}dist/metafiles`

const shortName = ({ name }: Package) => name.replace(/^.*\//, "")

/** Forgets the bundles of earlier builds. */
export const forgetBundles = () => {
  rmSync(metafiles, { recursive: true, force: true })
  mkdirSync(metafiles, { recursive: true })
}

/** Keeps what esbuild has said about the bundles of a package, outside of what is packed. */
export const keepBundles = (pkg: Package) => {
  for (const file of globSync(`${pkg.folder}/dist/*.meta.json`)) {
    renameSync(file, `${metafiles}/${shortName(pkg)}.${basename(file)}`)
  }
}

/** The packages that the bundles of a package hold code of, since it was built. */
export const bundledIn = (pkg: Package): ReadonlyArray<BundledPackage> => {
  const outputs = globSync(`${metafiles}/${shortName(pkg)}.*.meta.json`).map(
    (file): Metafile["outputs"] => JSON.parse(readFileSync(file, "utf8")).outputs
  )
  return bundledPackages({ outputs: Object.assign({}, ...outputs) }, pkg.folder)
}
