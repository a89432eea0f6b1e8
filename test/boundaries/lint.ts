import { spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { root } from "../../scripts/packages.ts"

/** A place that the linter reports, and the rule that it breaks. */
export interface Report {
  readonly code: string
  readonly file: string
  readonly line: number
}

interface Diagnostic {
  readonly code: string
  readonly filename: string
  readonly labels: ReadonlyArray<{ readonly span: { readonly line: number } }>
}

/** Lints files that exist only in a temporary folder, by their path in the repository, with the repository's own rules. */
export const lint = (files: Readonly<Record<string, string>>): ReadonlyArray<Report> => {
  const folder = mkdtempSync(join(tmpdir(), "polar-seats-lint-"))
  try {
    copyFileSync(`${root}.oxlintrc.json`, join(folder, ".oxlintrc.json"))
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    const { error, stderr, stdout } = spawnSync(`${root}node_modules/.bin/oxlint`, ["--format", "json"], {
      cwd: folder,
      encoding: "utf8",
      timeout: 60_000
    })
    if (error) throw error
    if (!stdout.startsWith("{")) throw new Error(`oxlint reported nothing that can be read:\n${stdout}${stderr}`)
    const { diagnostics }: { readonly diagnostics: ReadonlyArray<Diagnostic> } = JSON.parse(stdout)
    return diagnostics.map(({ code, filename, labels }) => ({ code, file: filename, line: labels[0]?.span.line ?? 0 }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
