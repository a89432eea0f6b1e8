import { spawnSync } from "node:child_process"
import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "vitest"
import { launch, whenEnded } from "../../scripts/launch.ts"
import { mountDisk, whyNoDisk } from "../smallDisk.ts"
import { organization, powerless, session, startAcme, subscription } from "./acme.ts"
import { main, run } from "./runCli.ts"
import { startTeam } from "./seededTeam.ts"

const isRoot = process.getuid?.() === 0

describe.concurrent("a server that cannot listen ends with 1, and says why and what to do", () => {
  it("if the port is taken", async ({ onTestFinished }) => {
    const taken = createServer().listen(0, "127.0.0.1")
    await once(taken, "listening")
    onTestFinished(() => void taken.close())
    const address = taken.address()
    const port = String(typeof address === "object" ? address?.port : "")
    for (const command of ["emulator", "listen"]) {
      assert.deepEqual(await run([command, "--port", port], { POLAR_WEBHOOK_SECRET: "polar_whs_s3cret" }), {
        code: 1,
        stdout: "",
        stderr: `Port ${port} of 127.0.0.1 is taken by another process. Pass another --port, or --port 0 for any free one.\n`
      })
    }
  })

  it.for(["203.0.113.7", "nowhere.invalid"])("if %s is not an address of this machine", async (host) => {
    assert.deepEqual(await run(["emulator", "--host", host, "--allow-anyone-to-connect"]), {
      code: 1,
      stdout: "",
      stderr: `${host} is not an address of this machine. Pass a --host that is, such as 127.0.0.1.\n`
    })
  })

  it("if the user may not listen on the port", async (test) => {
    // root may, unless it gives that right away
    const [file = "", ...args] = isRoot
      ? ["setpriv", "--bounding-set=-net_bind_service", process.execPath, main]
      : [process.execPath, main]
    if (isRoot && spawnSync("setpriv", ["--version"]).status !== 0) test.skip("root needs setpriv for this")
    const { code, stderr, stdout } = await whenEnded(launch(file, [...args, "emulator", "--port", "81"]))
    if (stdout !== "") test.skip("every user of this system may listen on port 81")
    assert.deepEqual(
      [code, stderr],
      [
        1,
        "This user may not listen on port 81 of 127.0.0.1. Pass a --port from 1024 on, or --port 0 for any free one.\n"
      ]
    )
  })
})

describe("an error names the server and the variable of the token", () => {
  let acme: Awaited<ReturnType<typeof startAcme>>
  beforeAll(async () => {
    acme = await startAcme(1, [])
    return acme.stop
  })

  const list = ["list", "--subscription", subscription]

  it.for([
    ["POLAR_ACCESS_TOKEN", "polar_oat_s3cret_other", "Unauthorized"],
    ["POLAR_CUSTOMER_SESSION", "polar_cst_s3cret_other", "Unauthorized"],
    ["POLAR_ACCESS_TOKEN", powerless, "Forbidden"]
  ] as const)("%s is %s: %s", async ([variable, token, tag]) => {
    const { code, stderr, stdout } = await run([...list, "--json"], { POLAR_API_URL: acme.url, [variable]: token })
    const { error } = JSON.parse(stdout)
    assert.deepEqual([code, error._tag, stderr], [3, tag, `${error.message}\n`])
    const asked = `The command asks ${new URL(acme.url).host}, which POLAR_API_URL names, with the token of ${variable}.`
    assert.isTrue(error.message.endsWith(` ${asked}`), error.message)
  })

  it.for([
    [{ POLAR_ENVIRONMENT: "sandbox" }, "sandbox-api.polar.sh, Polar's sandbox environment"],
    [{}, "api.polar.sh, Polar's production environment"]
  ] as const)("in %o", async ([environment, named]) => {
    // Nothing listens at this proxy, so no request leaves the machine
    const env = { ...environment, POLAR_ACCESS_TOKEN: organization, HTTPS_PROXY: "http://127.0.0.1:1" }
    const { code, stderr } = await run(["session", "--external-customer", "acme"], env)
    assert.strictEqual(code, 1)
    assert.isTrue(stderr.endsWith(` The command asks ${named}, with the token of POLAR_ACCESS_TOKEN.\n`), stderr)
  })

  it("says which token it uses if both are set", async () => {
    const both = { POLAR_API_URL: acme.url, POLAR_CUSTOMER_SESSION: session, POLAR_ACCESS_TOKEN: organization }
    const told =
      "POLAR_CUSTOMER_SESSION and POLAR_ACCESS_TOKEN are both set. The command uses POLAR_CUSTOMER_SESSION: " +
      "to use POLAR_ACCESS_TOKEN, unset POLAR_CUSTOMER_SESSION.\n"
    assert.deepInclude(await run(list, both), { code: 0, stderr: told })
    assert.deepInclude(await run(list, { ...both, POLAR_ACCESS_TOKEN: "" }), { code: 0, stderr: "" })
    assert.deepInclude(await run(list, { ...both, POLAR_CUSTOMER_SESSION: "" }), { code: 0, stderr: "" })
  })
})

describe.skipIf(whyNoDisk !== undefined)("a journal on a disk of its own, which only root can make", () => {
  const remind = (...args: ReadonlyArray<string>) => ["remind", "--yes", "--subscription", subscription, ...args]
  const env = { POLAR_API_URL: "http://127.0.0.1:1", POLAR_CUSTOMER_SESSION: session }

  it("is refused with the system's words if the disk is read-only, or full", async (test) => {
    const readOnly = mountDisk("ro,size=8k", test.onTestFinished)
    const full = mountDisk("size=8k", test.onTestFinished)
    await writeFile(join(full, "all"), Buffer.alloc(8192))
    for (const [folder, words, advice] of [
      [readOnly, "EROFS: read-only file system, open", "Use a file on a disk that can be written."],
      [full, "ENOSPC: no space left on device, write", "Free some space, or use a file on another disk."]
    ] as const) {
      const file = join(folder, "journal")
      const { code, stderr, stdout } = await run(remind("--journal", file), env)
      assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
      assert.strictEqual(stderr, `${file} cannot be used as a journal: ${words}. Nothing was mailed. ${advice}\n`)
    }
  })

  it("stops the run with the system's words if the disk gets full, and the error names the file", async (test) => {
    const disk = mountDisk("size=12k", test.onTestFinished)
    const team = await startTeam(test, { live: 60 })
    const file = join(disk, "journal")
    const { code, stderr } = await run(remind("--journal", file, "--pace", "0", "--concurrency", "1"), team.env)
    assert.strictEqual(code, 1)
    assert.include(stderr, `${file}: ENOSPC: no space left on device, write`)
    // The lines of the summary agree with the mails
    const resent = Number(/^Of 60 seats: (\d+) resent/m.exec(stderr)?.[1])
    assert.isAbove(resent, 0)
    assert.lengthOf(await team.mails(), resent)
  })
})

describe("a journal in a folder that is not there", () => {
  it("is refused with the system's words and what to do", async () => {
    const env = { POLAR_API_URL: "http://127.0.0.1:1", POLAR_CUSTOMER_SESSION: session }
    const args = ["remind", "--yes", "--subscription", subscription, "--journal", "/nowhere/journal"]
    assert.deepEqual(await run(args, env), {
      code: 2,
      stdout: "",
      stderr:
        "/nowhere/journal cannot be used as a journal: ENOENT: no such file or directory, open. Nothing was mailed. " +
        "Make the folder of the file, or correct the path.\n"
    })
  })
})
