import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it, type TestContext, vi } from "vitest"
import { firstLine, launch, runToEnd, whenEnded, whenReady } from "../../scripts/launch.ts"
import { installedBinaries, startPostgres } from "../../scripts/postgres.ts"

const failureOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => assert.fail("it did not fail"),
    (error: Error) => error.message
  )
const node = (program: string) => launch(process.execPath, ["--eval", program])
const startingOf = (program: string, timeout?: number) => {
  const launched = node(program)
  return { launched, starting: whenReady(launched, firstLine(launched), timeout) }
}

describe("the start of a process", () => {
  it("fails if there is no such program", async () => {
    const missing = launch("/nowhere/program", ["--port", "0"])
    const reason = await failureOf(whenReady(missing, firstLine(missing)))
    assert.strictEqual(reason, "program --port 0 did not start: spawn /nowhere/program ENOENT. It printed nothing.")
    assert.strictEqual(await failureOf(missing.stop()), reason)
  })

  it("fails with the output of a process that ends before it is ready", async () => {
    const { starting } = startingOf(
      `process.stdout.write("half a line"); console.error(", no port"); process.exitCode = 3`
    )
    assert.match(
      await failureOf(starting),
      /ended with 3 before it was ready\. It printed this:\nhalf a line, no port$/
    )
  })

  it("names the signal of a process that is killed before it is ready", async () => {
    const { starting } = startingOf(`process.kill(process.pid, "SIGKILL")`)
    assert.match(await failureOf(starting), /ended by SIGKILL before it was ready\. It printed nothing\.$/)
  })

  it("fails in time, and kills a process that never gets ready and ignores SIGTERM", async () => {
    const { launched, starting } = startingOf(
      `process.on("SIGTERM", () => {}); process.stderr.write("waiting"); setInterval(() => {}, 1000)`,
      1000
    )
    const reason = await failureOf(starting)
    assert.match(reason, /was not ready within 1 s, and was killed\. It printed this:\nwaiting$/)
    assert.strictEqual(launched.child.signalCode, "SIGKILL")
  })

  it("gives the first line, once it is whole", async () => {
    const program = `process.stdout.write("http://127"); setTimeout(() => console.log(".0.0.1\\nmore"), 50)`
    const { launched, starting } = startingOf(`${program}; setInterval(() => {}, 1000)`)
    assert.strictEqual(await starting, "http://127.0.0.1")
    await launched.stop()
    assert.strictEqual(launched.child.signalCode, "SIGTERM")
  })
})

describe("a program that runs to its end", () => {
  it("gives what it printed, on each stream", async () => {
    const ended = await runToEnd(process.execPath, ["--eval", `console.log("out"); console.error("error")`])
    assert.deepEqual(ended, { code: 0, stdout: "out\n", stderr: "error\n" })
  })

  it("fails if it ends with another code than 0", async () => {
    const ended = runToEnd(process.execPath, ["--eval", `console.error("no seat"); process.exit(2)`])
    assert.match(await failureOf(ended), /ended with 2\. It printed this:\nno seat$/)
  })

  it("fails if it does not end in time", async () => {
    const reason = await failureOf(whenEnded(node("setInterval(() => {}, 1000)"), 500))
    assert.match(reason, /did not end within 0\.5 s, and was killed\. It printed nothing\.$/)
  })
})

describe("PostgreSQL", () => {
  /** A temp directory of its own, which other users may enter. */
  const stubTemporaryFolder = async (test: TestContext) => {
    const folder = await mkdtemp(join(tmpdir(), "polar-seats-start-"))
    await chmod(folder, 0o711)
    vi.stubEnv("TMPDIR", folder)
    test.onTestFinished(async () => {
      vi.unstubAllEnvs()
      await rm(folder, { recursive: true })
    })
    return folder
  }

  it.for([
    ["is missing", undefined, /ENOENT|No such file/],
    ["may not be run", { text: "#!/bin/sh\n", mode: 0o644 }, /EACCES/],
    ["ends at once", { text: "#!/bin/sh\necho no memory >&2\nexit 1\n", mode: 0o755 }, /ended with 1.+\nno memory/]
  ] as const)("gives the reason if its program %s, and leaves no folder", async ([, program, reason], test) => {
    const folder = await stubTemporaryFolder(test)
    await mkdir(join(folder, "native/bin"), { recursive: true })
    const initdb = join(folder, "native/bin/initdb")
    if (program !== undefined) await writeFile(initdb, program.text, { mode: program.mode })
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {})
    test.onTestFinished(() => warn.mockRestore())
    const { isMissing, why } = await startPostgres({}, () => join(folder, "native"))
    assert.isTrue(isMissing)
    assert.match(why, reason)
    assert.match(String(warn.mock.lastCall), reason)
    assert.deepEqual(await readdir(folder), ["native"])
  })

  it("starts if only the user of the tests may enter the folder of its programs", async (test) => {
    const folder = await stubTemporaryFolder(test)
    const closed = join(folder, "closed")
    await mkdir(closed, { mode: 0o700 })
    const binaries = join(closed, "native")
    try {
      await runToEnd("cp", ["-a", installedBinaries(), binaries])
      await runToEnd(join(binaries, "bin/initdb"), ["--version"])
    } catch (error) {
      test.skip(`no PostgreSQL runs on this machine: ${String(error)}`)
    }
    const { isMissing, stop, why } = await startPostgres({}, () => binaries)
    await stop()
    assert.isFalse(isMissing, why)
    assert.deepEqual(await readdir(folder), ["closed"])
  })
})
