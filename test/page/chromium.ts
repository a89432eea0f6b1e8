import { existsSync } from "node:fs"

const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"]

const told = process.env["POLAR_SEATS_CHROMIUM"]

/** Where a Chromium is: where POLAR_SEATS_CHROMIUM says, or else at a usual place. */
export const chromiumPath = (told === undefined ? usual : [told]).find((path) => existsSync(path))

/** What to launch it with. Its sandbox does not run as root. */
export const launchOptions = (executablePath: string) => ({
  executablePath,
  args: process.getuid?.() === 0 ? ["--no-sandbox"] : []
})
