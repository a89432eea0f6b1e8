import { build } from "esbuild"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"

const apps = fileURLToPath(new URL("./apps", import.meta.url))

/**
 * Bundles these apps together for a browser (paths under `apps`, without `.ts`). Returns the size in bytes, minified and
 * gzipped, the share of our own code, and the modules that the bundle holds code of.
 */
export const weigh = async (...entries: ReadonlyArray<string>) => {
  const { metafile, outputFiles } = await build({
    stdin: { contents: entries.map((entry) => `import "./${entry}.ts"`).join("\n"), resolveDir: apps },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2023",
    platform: "browser",
    legalComments: "none",
    metafile: true,
    write: false
  })
  const code = outputFiles[0]?.contents ?? new Uint8Array()
  const inputs = Object.entries(Object.values(metafile.outputs)[0]?.inputs ?? {})
  const ours = inputs
    .filter(([path]) => /packages\/(domain|http)\/src\//.test(path))
    .reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0)
  const modules = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => resolve(path))
  return { minified: code.byteLength, gzipped: gzipSync(code, { level: 9 }).byteLength, ours, modules }
}

/** Bundles an app for Node, as one would for a container or a function. */
export const bundleForNode = async (entry: string, outfile: string): Promise<void> => {
  await build({
    entryPoints: [`${apps}/${entry}.ts`],
    outfile,
    bundle: true,
    minify: true,
    format: "esm",
    target: "node24",
    platform: "node",
    legalComments: "none",
    // CommonJS packages in the bundle load Node's modules by require
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' }
  })
}
