// The command as it is published: modules that need nothing but Node. The tests start it too.
import { build, type Metafile, type OutputFile } from "esbuild"
import { mkdirSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { root } from "./packages.ts"

const common = {
  absWorkingDir: `${root}packages/app`,
  outdir: "dist",
  bundle: true,
  minifyWhitespace: true,
  minifySyntax: true,
  format: "esm",
  metafile: true,
  write: false,
  logLevel: "warning"
} as const

// Packages that are CommonJS require Node's modules
const requireOfNode = `import{createRequire as createRequireOfNode}from"node:module";const require=createRequireOfNode(import.meta.url);`

/** The bundles that an entry point leads to. esbuild also writes those that only unused code would load. */
const reachable = ({ outputs }: Metafile, entry: string): ReadonlySet<string> => {
  const found = new Set([entry])
  for (const path of found) {
    for (const { external, path: next } of outputs[path]?.imports ?? []) if (external !== true) found.add(next)
  }
  return found
}

interface Built {
  readonly metafile: Metafile
  readonly outputFiles: ReadonlyArray<OutputFile>
}

const buildCommand = async (): Promise<Built> => {
  const { metafile, outputFiles } = await build({
    ...common,
    entryPoints: ["src/main.ts"],
    platform: "node",
    target: "node22.19",
    // Node reads only the commands that it runs, and each module once
    splitting: true,
    // It builds the page of the workspace. Here the page is built
    external: ["esbuild"],
    banner: { js: requireOfNode }
  })
  const needed = reachable(metafile, "dist/main.js")
  const outputs = Object.fromEntries(Object.entries(metafile.outputs).filter(([path]) => needed.has(path)))
  const files = outputFiles.filter(({ path }) => needed.has(`dist/${basename(path)}`))
  return { metafile: { ...metafile, outputs }, outputFiles: files }
}

const buildPage = (): Promise<Built> =>
  build({
    ...common,
    entryPoints: ["page/main.ts", "page/page.css"],
    entryNames: "page",
    target: "es2023",
    minifyIdentifiers: true
  })

/**
 * Bundles the command and the emulator's page into `dist` below a folder, and tells what each file holds. The command
 * reads `package.json` in the folder itself.
 */
export const bundleCommand = async (folder: string): Promise<Metafile> => {
  const [command, page] = await Promise.all([buildCommand(), buildPage()])
  mkdirSync(join(folder, "dist"), { recursive: true })
  for (const { contents, path } of [...command.outputFiles, ...page.outputFiles]) {
    writeFileSync(join(folder, "dist", basename(path)), contents)
  }
  return {
    inputs: { ...command.metafile.inputs, ...page.metafile.inputs },
    outputs: { ...command.metafile.outputs, ...page.metafile.outputs }
  }
}
