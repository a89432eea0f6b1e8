import { cpSync, rmSync } from "node:fs"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { bundleCommand } from "../scripts/command.ts"
import { root } from "../scripts/packages.ts"
import { makeTemporaryFolder } from "../scripts/temporaryFolder.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** The file that the command starts with, as it is published. */
    readonly command: string
  }
}

/**
 * Bundles the command once for all tests, so that they start what is published. It starts in a third of the time that
 * the sources take.
 */
export default async (project: TestProject) => {
  const folder = makeTemporaryFolder("command")
  await bundleCommand(folder)
  cpSync(`${root}packages/app/package.json`, join(folder, "package.json"))
  project.provide("command", join(folder, "dist/main.js"))
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
