// The list of what a release holds (SBOM), in CycloneDX as npm writes it.
import type { BundledPackage } from "./notices.ts"

interface Component {
  readonly "bom-ref": string
  readonly type: string
  readonly name: string
  readonly version: string
  readonly scope?: string
  readonly purl: string
  readonly licenses?: ReadonlyArray<unknown>
  readonly hashes?: ReadonlyArray<{ readonly alg: string; readonly content: string }>
  readonly externalReferences?: ReadonlyArray<{ readonly type: string; readonly url: string }>
}

/** The parts of a list that we read or change. */
export interface Bom {
  readonly specVersion: string
  readonly components: ReadonlyArray<Component>
  readonly dependencies: ReadonlyArray<{ readonly ref: string; readonly dependsOn: ReadonlyArray<string> }>
}

interface Named {
  readonly name: string
  readonly version: string
}

/** Finds a package of a list by its name and version. */
export const findComponent = ({ components }: Bom, { name, version }: Named): Component | undefined =>
  components.find((component) => component.name === name && component.version === version)

/** Removes the places of files on this machine, where npm found the tarballs. */
export const withoutPaths = (bom: Bom): Bom => ({
  ...bom,
  components: bom.components.map(({ externalReferences = [], ...component }) => ({
    ...component,
    externalReferences: externalReferences.filter(({ url }) => !url.startsWith("file:"))
  }))
})

const toComponent = ({ license, name, version }: BundledPackage): Component => ({
  "bom-ref": `${name}@${version}`,
  type: "library",
  name,
  version,
  scope: "required",
  purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
  licenses: [/ (AND|OR|WITH) /.test(license) ? { expression: license } : { license: { id: license } }]
})

/** Adds the packages that a bundle of `owner` holds code of, if npm has not listed them as dependencies. */
export const addBundled = (bom: Bom, owner: Named, bundled: ReadonlyArray<BundledPackage>): Bom => {
  const ownerRef = findComponent(bom, owner)?.["bom-ref"]
  if (ownerRef === undefined) throw new Error(`The list lacks ${owner.name} ${owner.version}`)
  const missing = bundled.filter((each) => findComponent(bom, each) === undefined).map(toComponent)
  const refs = bundled.map((each) => findComponent(bom, each)?.["bom-ref"] ?? toComponent(each)["bom-ref"])
  return {
    ...bom,
    components: [...bom.components, ...missing],
    dependencies: [
      ...bom.dependencies.map(({ dependsOn, ref }) => ({
        ref,
        dependsOn: ref === ownerRef ? Array.from(new Set([...dependsOn, ...refs])) : dependsOn
      })),
      ...missing.map((component) => ({ ref: component["bom-ref"], dependsOn: [] }))
    ]
  }
}
