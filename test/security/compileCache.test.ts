import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, globSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { crc32 } from "node:zlib"
import { assert, it, type TestContext } from "vitest"
import { runToEnd } from "../../scripts/launch.ts"
import { makeTemporaryFolder } from "../../scripts/temporaryFolder.ts"
import { main, sourceMain } from "../app/runCli.ts"

const token = "polar_oat_s3cret"

/** Runs the command as its user does, with a token in the environment. */
const runAsVictim = (env: Readonly<Record<string, string>>, file = sourceMain) =>
  runToEnd(process.execPath, [file, "--help"], {
    env: { PATH: process.env["PATH"], POLAR_ACCESS_TOKEN: token, ...env }
  })

// A user without rights. The command runs as the user of the tests
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined

const runAsAttacker = (script: string, argument: string, input: Uint8Array = new Uint8Array()) => {
  const { status, stderr } = spawnSync("sh", ["-c", script, "sh", argument], { ...nobody, input, encoding: "utf8" })
  assert.strictEqual(status, 0, stderr)
}

/** A temp directory that everybody may write to, as `/tmp`. */
const makeSharedFolder = ({ onTestFinished }: TestContext): string => {
  const folder = makeTemporaryFolder("shared")
  onTestFinished(() => rmSync(folder, { recursive: true }))
  chmodSync(folder, 0o1777)
  return folder
}

/** An entry of Node's compile cache with other code. Its head has a magic number, two sizes and two checksums. */
const replaceCode = (entry: Buffer, code: Buffer): Buffer => {
  const head = Buffer.from(entry.subarray(0, 20))
  head.writeUInt32LE(code.length, 8)
  head.writeUInt32LE(crc32(code), 16)
  return Buffer.concat([head, code])
}

/** The cache entry of a module of the command, with a theft of the token before its own code. */
const makePoison = async ({ onTestFinished }: TestContext, stolen: string) => {
  const cache = makeTemporaryFolder("cache")
  onTestFinished(() => rmSync(cache, { recursive: true }))
  await runAsVictim({ NODE_COMPILE_CACHE: cache })
  const entries = globSync(`${cache}/*/*`).map((file) => ({ file, entry: readFileSync(file) }))
  // Node keeps the JavaScript of run.ts there. It keeps bytecode of the bundle, which is harder to replace
  const found = entries.find(({ entry }) => entry.includes("const interruptIsSuccess ="))
  assert(found !== undefined)
  const theft = `(await import("node:fs")).writeFileSync(${JSON.stringify(stolen)}, process.env.POLAR_ACCESS_TOKEN);`
  return {
    name: join(basename(dirname(found.file)), basename(found.file)),
    entry: replaceCode(found.entry, Buffer.concat([Buffer.from(theft), found.entry.subarray(20)]))
  }
}

it("the command does not run code that another user put into a compile cache in the temp directory", async (test) => {
  if (nobody === undefined) {
    console.log("Only root can act as another user, so the attacker is the user of the tests.")
  }
  const shared = makeSharedFolder(test)
  const stolen = join(shared, "stolen")
  const { entry, name } = await makePoison(test, stolen)
  const place = (cache: string) => {
    runAsAttacker('mkdir -p "$1"', dirname(join(cache, name)))
    runAsAttacker('cat > "$1"', join(cache, name), entry)
  }

  // The poison works in a cache that the user names, so this attack can succeed
  const named = join(shared, "named")
  place(named)
  await runAsVictim({ NODE_COMPILE_CACHE: named })
  assert.strictEqual(readFileSync(stolen, "utf8"), token)
  rmSync(stolen)

  place(join(shared, "node-compile-cache"))
  await runAsVictim({ TMPDIR: shared })
  assert.isFalse(existsSync(stolen), "the attacker has the token")
})

it("the command leaves nothing in the temp directory", async (test) => {
  const shared = makeSharedFolder(test)
  await runAsVictim({ TMPDIR: shared })
  await runAsVictim({ TMPDIR: shared }, main)
  assert.deepEqual(readdirSync(shared), [])
})
