import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { chromium } from "playwright-core"

const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"]

const told = process.env["POLAR_SEATS_CHROMIUM"]

/** The path of Chromium: POLAR_SEATS_CHROMIUM, or a usual path. */
export const chromiumPath = (told === undefined ? usual : [told]).find((path) => existsSync(path))

/**
 * Starts it. Its sandbox does not run as root. A start that takes longer fails with what Chromium printed. It may leave files
 * in its temp directory, which `close` removes.
 */
export const startChromium = async (...args: ReadonlyArray<string>) => {
  const folder = await mkdtemp(join(tmpdir(), "c-"))
  const browser = await chromium.launch({
    executablePath: chromiumPath ?? "",
    timeout: 30_000,
    env: { ...process.env, TMPDIR: folder },
    args: [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), ...args]
  })
  const close = async () => {
    await browser.close()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  return { browser, close }
}
