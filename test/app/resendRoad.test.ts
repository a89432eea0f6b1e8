import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it, type TestContext } from "vitest"
import { runToEnd } from "../../scripts/launch.ts"
import { session, startAcme } from "./acme.ts"
import { sourceMain } from "./runCli.ts"

const ann = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
const packages = new URL("../../packages/", import.meta.url).href

/** The part of V8's coverage that the test reads. */
interface Coverage {
  readonly result: ReadonlyArray<{
    readonly url: string
    readonly functions: ReadonlyArray<{
      readonly functionName: string
      readonly ranges: ReadonlyArray<{ readonly startOffset: number; readonly count: number }>
    }>
  }>
}

/** Runs a process with V8's coverage, and returns for each of our source files how often each named function ran. */
const countCalls = async (
  { onTestFinished }: TestContext,
  runProcess: (env: Readonly<Record<string, string>>) => Promise<void>
) => {
  const folder = await mkdtemp(join(tmpdir(), "polar-seats-"))
  onTestFinished(() => rm(folder, { recursive: true }))
  // Functions from the compile cache have imprecise counts
  await runProcess({ NODE_V8_COVERAGE: folder, NODE_DISABLE_COMPILE_CACHE: "1" })
  const files = new Map<string, Map<string, number>>()
  for (const name of await readdir(folder)) {
    const { result } = JSON.parse(await readFile(join(folder, name), "utf8")) as Coverage
    for (const { functions, url } of result) {
      if (!url.startsWith(packages) || !/^[^/]+\/src\//.test(url.slice(packages.length))) continue
      const calls = functions
        .filter(({ functionName }) => functionName !== "")
        .map(
          ({ functionName, ranges: [range] }) => [`${functionName} ${range?.startOffset}`, range?.count ?? 0] as const
        )
      files.set(url, new Map(calls))
    }
  }
  return files
}

it("a resend runs named functions of at most 34 of our files", { timeout: 60_000 }, async (test) => {
  const acme = await startAcme(1, [
    {
      id: ann,
      status: "pending",
      email: "ann@acme.com",
      invitation_token: "s3cret-ann",
      invitation_token_expires_at: "2099-01-01T00:00:00Z"
    }
  ])
  test.onTestFinished(async () => void (await acme.stop()))

  const resend = await countCalls(test, async (coverage) => {
    const { stderr, stdout } = await runToEnd(process.execPath, [sourceMain, "resend", ann], {
      env: { PATH: process.env["PATH"], ...coverage, POLAR_API_URL: acme.url, POLAR_CUSTOMER_SESSION: session },
      timeout: 50_000
    })
    assert.strictEqual(stderr, "")
    assert.include(stdout, `${ann}: resent to ann@acme.com`)
  })

  // A second process only imports the same modules. A function that ran no more often in the resend than here ran only
  // while a module was evaluated. The two entry points start the command, so this process cannot import them
  const modules = [...resend.keys()].filter((url) => !/\/app\/src\/(main|run)\.ts$/.test(url))
  const evaluation = await countCalls(test, async (coverage) => {
    const script = `await Promise.all(${JSON.stringify(modules)}.map((url) => import(url)))`
    await runToEnd(process.execPath, ["--input-type=module", "--eval", script], {
      env: { PATH: process.env["PATH"], ...coverage },
      timeout: 50_000
    })
  })

  const road = [...resend].flatMap(([url, calls]) => {
    const ran = [...calls].filter(([name, count]) => count > (evaluation.get(url)?.get(name) ?? 0))
    return ran.length === 0 ? [] : [`${url.slice(packages.length)}: ${ran.map(([name]) => name).join(", ")}`]
  })
  assert.isAtMost(road.length, 34, `the files and their functions:\n${road.join("\n")}\n`)
  assert.isAbove(road.length, 10, "the coverage has the files of the command and of the client")
})
