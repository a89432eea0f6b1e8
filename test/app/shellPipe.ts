import { execFileSync } from "node:child_process"
import { closeSync, constants, openSync, readSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { setTimeout } from "node:timers/promises"
import type { TestContext } from "vitest"
import { makeTemporaryFolder } from "../../scripts/temporaryFolder.ts"
import { launchOn } from "./runCli.ts"

const isEmpty = (error: unknown) => (error as NodeJS.ErrnoException).code === "EAGAIN"

/**
 * Launches a command that prints into a pipe as a shell makes it. Such a pipe holds 64 KB. A child's pipe in Node is a socket, and
 * holds more. Nobody reads until the test does.
 */
export const launchOnPipe = (
  { onTestFinished }: TestContext,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
  piped: "stdout" | "stderr" | "both" = "stdout"
) => {
  const path = join(makeTemporaryFolder("pipe"), "pipe")
  execFileSync("mkfifo", [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  const launched = launchOn(piped === "stderr" ? "pipe" : writer, args, env, piped === "stdout" ? "pipe" : writer)
  closeSync(writer)
  rmSync(dirname(path), { recursive: true })
  let isOpen = true
  const leave = () => {
    if (isOpen) closeSync(reader)
    isOpen = false
  }
  onTestFinished(async () => {
    await launched.stop("SIGKILL")
    leave()
  })

  const buffer = Buffer.alloc(65_536)
  /** Waits for the next bytes. There are none when the command has ended. */
  const read = async (most = buffer.length): Promise<Buffer> => {
    for (;;) {
      try {
        return Buffer.from(buffer.subarray(0, readSync(reader, buffer, 0, most, null)))
      } catch (error) {
        if (!isEmpty(error)) throw error
        await setTimeout(5)
      }
    }
  }
  /** Reads to the end, with a pause after each line. */
  const readAll = async (pause = 0): Promise<string> => {
    const arrived: Array<Buffer> = []
    for (let bytes = await read(4096); bytes.length > 0; bytes = await read(4096)) {
      arrived.push(bytes)
      const lines = bytes.filter((byte) => byte === 10).length
      if (pause > 0) await setTimeout(pause * lines)
    }
    return Buffer.concat(arrived).toString()
  }
  return { ...launched, read, readAll, leave }
}
