import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { launch, whenEnded } from "../../scripts/launch.ts"
import { root } from "../../scripts/packages.ts"

/** Compiles one file of an app that uses the packages. Returns the messages without their places, and the declarations. */
export const compileApp = async (code: string) => {
  const app = mkdtempSync(join(tmpdir(), "app-"))
  symlinkSync(`${root}test/node_modules`, join(app, "node_modules"))
  writeFileSync(join(app, "package.json"), '{ "type": "module" }')
  writeFileSync(join(app, "app.ts"), code)
  const compilerOptions = {
    target: "ES2023",
    lib: ["ES2023", "DOM"],
    module: "NodeNext",
    types: [],
    strict: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: "/",
    outDir: "out"
  }
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["app.ts"] }))
  const tsc = `${root}node_modules/typescript/bin/tsc`
  const { stdout } = await whenEnded(launch(process.execPath, [tsc, "--pretty", "false", "-p", app]))
  const declarations = join(app, "out", app, "app.d.ts")
  const compiled = {
    messages: stdout.split(/^\S*app\.ts\(\d+,\d+\): /m).slice(1),
    declarations: existsSync(declarations) ? readFileSync(declarations, "utf8") : ""
  }
  rmSync(app, { recursive: true })
  return compiled
}
