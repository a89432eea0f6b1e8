import { existsSync } from "node:fs"

const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"]

const told = process.env["POLAR_SEATS_CHROMIUM"]

/** The path of Chromium: POLAR_SEATS_CHROMIUM, or a usual path. */
export const chromiumPath = (told === undefined ? usual : [told]).find((path) => existsSync(path))

/** How to start it. Its sandbox does not run as root. A start that takes longer fails with what Chromium printed. */
export const launchOptions = (executablePath: string) => ({
  executablePath,
  timeout: 30_000,
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : []
})
