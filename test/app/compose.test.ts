import { spawnSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { networkInterfaces } from "node:os"
import { assert, it, type TestContext } from "vitest"
import { firstLine, launch as launchProcess, whenEnded, whenPrinted, whenReady } from "../../scripts/launch.ts"
import { customer, session, subscription } from "./acme.ts"
import { main, post } from "./runCli.ts"
import { temporaryFile } from "./seededTeam.ts"

// As in a network of containers, the other machine has a name, and is not reached by loopback if this machine has more
const elsewhere =
  Object.values(networkInterfaces())
    .flatMap((addresses = []) => addresses)
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.2"

// A mount namespace of its own, so that the file of this machine stays as it is
const withHosts = ["-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"']
const whyNot = ((): string | undefined => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "names for one process need root on Linux"
  const { error, status, stderr } = spawnSync("unshare", [...withHosts, "/dev/null", "true"], { encoding: "utf8" })
  return status === 0 ? undefined : `unshare does not work here: ${error?.message ?? stderr.trim()}`
})()
if (whyNot !== undefined) process.stdout.write(`The run by name is skipped: ${whyNot}.\n`)

const secret = "polar_whs_s3cret0123456789"
const world = {
  organizations: [{ slug: "acme" }],
  products: [{ id: randomUUID(), organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  tokens: [{ token: session, customer }]
}
const seeded = {
  ...world,
  subscriptions: [{ id: subscription, product: world.products[0]?.id, customer, seats: 5 }]
}

const launching = async (test: TestContext, names: Readonly<Record<string, string>>) => {
  const hosts = await temporaryFile(test)
  await writeFile(
    hosts,
    ["127.0.0.1 localhost", ...Object.entries(names).map(([name, ip]) => `${ip} ${name}`), ""].join("\n")
  )
  return (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
    const launched = launchProcess("unshare", [...withHosts, hosts, process.execPath, main, ...args], {
      env: { PATH: process.env["PATH"], ...env }
    })
    launched.child.stdin?.end()
    test.onTestFinished(async () => void (await launched.stop()))
    return launched
  }
}
const portOf = (url: string) => new URL(url).port

it.skipIf(whyNot !== undefined)(
  "an emulator on one address, a command and a receiver of webhooks on another, by name",
  async (test) => {
    const start = await launching(test, { "polar-emulator": elsewhere, receiver: elsewhere })
    const everywhere = ["--host", "0.0.0.0", "--allow-anyone-to-connect"]
    const emulator = start(["emulator", ...everywhere, "--allow-host", "receiver"])
    const receiver = start(["listen", ...everywhere], { POLAR_WEBHOOK_SECRET: secret })
    const port = portOf(await whenReady(emulator, firstLine(emulator)))
    const receiverPort = portOf(await whenReady(receiver, firstLine(receiver)))
    const control = `http://${elsewhere}:${port}/_emulator`
    assert.strictEqual((await post(`${control}/seed`, seeded)).status, 200)

    const webhook = (host: string) =>
      post(`${control}/settings`, { webhook: { url: `http://${host}:${receiverPort}`, secret } })
    assert.deepEqual((await webhook("polar-emulator")).status, 422)
    assert.deepEqual((await webhook("receiver")).status, 200)

    const env = { POLAR_API_URL: `http://polar-emulator:${port}`, POLAR_CUSTOMER_SESSION: session }
    const assign = ["assign", "--subscription", subscription, "--email", "ann@acme.com"]
    const refused = await whenEnded(start(assign, env))
    assert.deepEqual([refused.code, refused.stdout], [2, ""])
    assert.match(refused.stderr, /^POLAR_API_URL\b.*--allow-host/)
    assert.deepEqual(await (await fetch(`${control}/requests`)).json(), [])

    const assigned = await whenEnded(start([...assign, "--allow-host", "polar-emulator"], env))
    assert.strictEqual(assigned.code, 0, assigned.stderr)
    const told = await whenReady(
      receiver,
      whenPrinted(receiver, ({ stdout }) => /^.*customer_seat\.assigned.*$/m.exec(stdout)?.[0])
    )
    assert.include(told, "ann@acme.com")
  },
  // Five processes
  60_000
)
