import { spawnSync } from "node:child_process"
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { assert, describe, it, type TestContext } from "vitest"
import { addBundled, type Bom, findComponent, withoutPaths } from "../../scripts/bom.ts"
import { bundleCommand } from "../../scripts/command.ts"
import { bundledPackages, formatNotices, packagesNamedIn } from "../../scripts/notices.ts"
import { root } from "../../scripts/packages.ts"
import { makeTemporaryFolder } from "../../scripts/temporaryFolder.ts"
import { parseWorkflow, problemsOf, workflowTexts } from "./workflows.ts"

const makeFolder = ({ onTestFinished }: TestContext) => {
  const folder = makeTemporaryFolder("supply")
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

const release = workflowTexts.get("release.yml") ?? ""

describe("the workflows", () => {
  it.each(Array.from(workflowTexts))(
    "%s pins every action by SHA, and lets only the publisher act for us",
    (_, text) => {
      assert.deepEqual(problemsOf(text), [])
    }
  )

  it("exactly one job of all may ask for an identity token", () => {
    const holders = Array.from(workflowTexts.values()).flatMap((text) =>
      Object.entries(parseWorkflow(text).jobs).filter(([, { permissions }]) =>
        JSON.stringify(permissions ?? {}).includes("id-token")
      )
    )
    assert.deepEqual(
      holders.map(([name]) => name),
      ["publish"]
    )
  })

  it("the checks find what was wrong before", () => {
    const before = `
on: { push: { tags: ["v*"] } }
permissions:
  contents: read
  id-token: write
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
      - run: npx -y pnpm@10.34.8 test
      - run: for tarball in dist/tarballs/*.tgz; do npm publish "./$tarball"; done
        env: { NODE_AUTH_TOKEN: "\${{ secrets.NPM_TOKEN }}" }
`
    assert.includeMembers(problemsOf(before).slice(), [
      "every job may ask for an identity token",
      "the publisher runs in no protected environment",
      "the publisher needs no tests",
      "the publisher uses actions/checkout",
      "the publisher runs npx",
      "actions/checkout@v4 is not pinned by SHA",
      "- uses: actions/checkout@v4 names no version",
      "a checkout keeps the credentials",
      "a job reads a cache that others write",
      "a job reads a secret that lasts"
    ])
  })

  it.each([
    ["pinned by tag", /@[0-9a-f]{40} # v6.2.0/g, "@v6 # v6.2.0"],
    ["an install", "run: printf", "run: npm ci && printf"],
    ["a script of the event", "$GITHUB_REF_NAME", "${{ github.ref_name }}"],
    ["a second holder of the token", "contents: write", "id-token: write"],
    ["no permissions", /permissions: \{\}\n/, ""]
  ] as const)("the checks find %s in the release", (_, from, to) => {
    const changed = release.replace(from, to)
    assert.notStrictEqual(changed, release)
    assert.isNotEmpty(problemsOf(changed))
  })
})

/** Runs the scripts of a job as the runner does: each in a shell of its own, until one fails. */
const runJob = (name: string, cwd: string, env: Readonly<Record<string, string>>) => {
  const { steps = [] } = parseWorkflow(release).jobs[name] ?? {}
  return steps
    .flatMap(({ run }) => (run === undefined || run.includes("pnpm@") || run.includes("npm pkg") ? [] : [run]))
    .every(
      (script) =>
        spawnSync("bash", ["-e", "-c", script], { cwd, env: { PATH: process.env["PATH"], ...env } }).status === 0
    )
}

/** Sums up two tarballs as the tests' job does, lets `tamper` change the artifact, and returns what the publisher publishes. */
const publish = (
  test: TestContext,
  tamper: (artifact: string) => void,
  npmVersion = "11.6.1",
  changeSums = (sums: string) => sums
) => {
  const folder = makeFolder(test)
  mkdirSync(`${folder}/dist/tarballs`, { recursive: true })
  writeFileSync(`${folder}/dist/sbom.cdx.json`, "{}")
  for (const name of ["app", "domain"]) writeFileSync(`${folder}/dist/tarballs/${name}.tgz`, name)
  assert(runJob("test", folder, { GITHUB_OUTPUT: `${folder}/output` }))
  const sums = readFileSync(`${folder}/output`, "utf8").trim().replace("sha256=", "")

  const artifact = join(folder, "artifact")
  cpSync(`${folder}/release`, artifact, { recursive: true })
  tamper(artifact)
  // An npm that writes down what it is told to publish
  mkdirSync(`${folder}/bin`)
  const fakeNpm = `#!/bin/sh\nif [ "$1" = --version ]; then echo ${npmVersion}; else echo "$*" >> "${folder}/published"; fi\n`
  writeFileSync(`${folder}/bin/npm`, fakeNpm, { mode: 0o755 })
  writeFileSync(`${folder}/published`, "")
  const isDone = runJob("publish", artifact, { SUMS: changeSums(sums), PATH: `${folder}/bin:${process.env["PATH"]}` })
  return { isDone, published: readFileSync(`${folder}/published`, "utf8").split("\n").slice(0, -1) }
}

describe("the publisher", () => {
  it("publishes the tested tarballs with provenance, and runs no script of theirs", (test) => {
    const { isDone, published } = publish(test, () => {})
    assert.isTrue(isDone)
    assert.deepEqual(
      published.map((command) => command.split(" ").slice(0, 2).join(" ")),
      ["publish ./app.tgz", "publish ./domain.tgz"]
    )
    for (const command of published) assert.match(command, /--provenance .*--ignore-scripts/)
  })

  it.for([
    ["another tarball", (artifact: string) => writeFileSync(`${artifact}/app.tgz`, "evil")],
    [
      "another tarball and its sum",
      (artifact: string) => {
        writeFileSync(`${artifact}/app.tgz`, "evil")
        spawnSync("bash", ["-c", "sha256sum -- *.tgz sbom.cdx.json > SHA256SUMS"], { cwd: artifact })
      }
    ],
    ["a missing tarball", (artifact: string) => rmSync(`${artifact}/app.tgz`)],
    ["no sums", (artifact: string) => writeFileSync(`${artifact}/SHA256SUMS`, "")]
  ] as const)("publishes nothing if the artifact has %s", ([, tamper], test) => {
    assert.deepEqual(publish(test, tamper), { isDone: false, published: [] })
  })

  it("publishes only what was summed up", (test) => {
    const { published } = publish(test, (artifact) => writeFileSync(`${artifact}/evil.tgz`, "evil"))
    assert.strictEqual(published.length, 2)
  })

  it("publishes nothing without the sum of the tests' job, or with an npm that needs a token", (test) => {
    assert.deepEqual(
      publish(
        test,
        () => {},
        "11.6.1",
        () => ""
      ),
      { isDone: false, published: [] }
    )
    assert.deepEqual(
      publish(test, () => {}, "11.4.2"),
      { isDone: false, published: [] }
    )
  })
})

describe("a bundle", () => {
  const app = `${root}packages/app`

  it("ships the licence of every package whose code it holds", async (test) => {
    const metafile = await bundleCommand(makeFolder(test))
    const bundled = bundledPackages(metafile, app)
    const notices = formatNotices(bundled)
    const paths = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs))
    const expected = new Map(
      paths.flatMap(([path, { bytesInOutput }]) => {
        const [folder, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? []
        return folder === undefined || name === undefined || bytesInOutput === 0 ? [] : [[name, resolve(app, folder)]]
      })
    )
    assert.deepEqual(
      packagesNamedIn(notices).map((named) => named.split(" ")[0]),
      Array.from(expected.keys()).toSorted()
    )
    assert.includeMembers(Array.from(expected.keys()), ["effect", "tr46"])
    for (const [name, folder] of expected) {
      const [license] = globSync(`${folder}/LICENSE*`)
      assert(license !== undefined, name)
      assert.include(notices, readFileSync(license, "utf8").trim())
    }
  })

  it("must not hold code of a package without a licence", (test) => {
    const folder = makeFolder(test)
    const bare = `${folder}/node_modules/@evil/bare`
    mkdirSync(`${bare}/dist/esm`, { recursive: true })
    writeFileSync(`${bare}/package.json`, JSON.stringify({ name: "@evil/bare", version: "1.2.3", license: "MIT" }))
    writeFileSync(`${bare}/dist/esm/package.json`, JSON.stringify({ type: "module" }))
    const metafile = (bytesInOutput: number) => ({
      outputs: { "out.js": { inputs: { "node_modules/@evil/bare/dist/esm/index.js": { bytesInOutput } } } }
    })
    assert.throws(() => bundledPackages(metafile(5), folder), /@evil\/bare 1\.2\.3 ships no licence/)
    assert.deepEqual(bundledPackages(metafile(0), folder), [])
    writeFileSync(`${bare}/LICENCE.md`, "Do what you want.")
    writeFileSync(`${bare}/NOTICE`, "By Eve.")
    const notices = formatNotices(bundledPackages(metafile(5), folder))
    assert.match(notices, /@evil\/bare 1\.2\.3 \(MIT\)\n\nDo what you want\.\n\nBy Eve\./)
  })
})

it("the list of a release has each bundled package, and no folder of the machine that made it", () => {
  const component = (name: string) => ({
    "bom-ref": `${name}@1.0.0`,
    type: "library",
    name,
    version: "1.0.0",
    purl: `pkg:npm/${name}@1.0.0`
  })
  const listed: Bom = {
    specVersion: "1.5",
    components: [
      { ...component("ours"), externalReferences: [{ type: "distribution", url: "file:/somewhere/ours.tgz" }] },
      component("known")
    ],
    dependencies: [{ ref: "ours@1.0.0", dependsOn: [] }]
  }
  const bundled = ["known", "@other/one"].map((name) => ({ name, version: "1.0.0", license: "MIT", notices: [] }))
  const bom = addBundled(withoutPaths(listed), { name: "ours", version: "1.0.0" }, bundled)
  assert.strictEqual(bom.components.length, 3)
  assert.strictEqual(findComponent(bom, { name: "@other/one", version: "1.0.0" })?.purl, "pkg:npm/%40other/one@1.0.0")
  assert.deepEqual(bom.dependencies[0]?.dependsOn, ["known@1.0.0", "@other/one@1.0.0"])
  assert.notInclude(JSON.stringify(bom), "/somewhere")
})
