import { spawnSync } from "node:child_process"
import { createSocket } from "node:dgram"
import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, it, type TestContext } from "vitest"
import { launch, whenEnded } from "../../scripts/launch.ts"
import { subscription } from "../app/acme.ts"
import { main } from "../app/runCli.ts"
import { temporaryFile } from "../app/seededTeam.ts"

const nameServerAddress = "127.0.0.77"
const attackerAddress = "127.0.0.66"
const secret = "polar_cst_s3cret"

// A mount namespace of its own, so that this machine keeps its name server
const withNameServer = ["-m", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"']

/** A name server that gives the attacker's address for every name, and notes what it was asked. */
const startNameServer = async () => {
  const asked: Array<string> = []
  const server = createSocket("udp4")
  server.on("message", (query, { address, port }) => {
    const labels: Array<string> = []
    let end = 12
    for (let length = query[end] ?? 0; length > 0; length = query[end] ?? 0) {
      labels.push(query.toString("latin1", end + 1, end + 1 + length))
      end += length + 1
    }
    asked.push(labels.join("."))
    const question = query.subarray(12, end + 5)
    const isForIpv4 = query.readUInt16BE(end + 1) === 1
    const head = Buffer.from([0x81, 0x80, 0, 1, 0, isForIpv4 ? 1 : 0, 0, 0, 0, 0])
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...attackerAddress.split(".").map(Number)])
    server.send(Buffer.concat([query.subarray(0, 2), head, question, ...(isForIpv4 ? [answer] : [])]), port, address)
  })
  server.bind(53, nameServerAddress)
  await once(server, "listening")
  return { asked, stop: () => server.close() }
}

const whyNot = await (async () => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "a name server needs root on Linux"
  const { error, status, stderr } = spawnSync("unshare", [...withNameServer, "/dev/null", "true"], { encoding: "utf8" })
  if (status !== 0) return `unshare does not work here: ${error?.message ?? stderr.trim()}`
  return startNameServer().then(
    ({ stop }) => void stop(),
    (error: Error) => `no name server can listen here: ${error.message}`
  )
})()
if (whyNot !== undefined) process.stdout.write(`The attack by a name server is skipped: ${whyNot}.\n`)

/** A server on an address that only the name server knows. It keeps each bearer token that it gets. */
const startAttacker = async (test: TestContext) => {
  const bearers: Array<string | undefined> = []
  const server = createServer((request, response) => {
    bearers.push(request.headers.authorization)
    response.writeHead(401).end()
  }).listen(0, attackerAddress)
  await once(server, "listening")
  test.onTestFinished(() => void server.close())
  // A server on an address has one
  const { port } = server.address() as AddressInfo
  return { bearers, port }
}

it.skipIf(whyNot !== undefined).for(["polar.localhost", "localhost.example", "polar.localhost."])(
  "a name server that lies about %s gets neither a question nor a token, unless the user allows that host",
  async (host, test) => {
    const nameServer = await startNameServer()
    test.onTestFinished(() => void nameServer.stop())
    const { bearers, port } = await startAttacker(test)
    const resolver = await temporaryFile(test)
    await writeFile(resolver, `nameserver ${nameServerAddress}\noptions timeout:1 attempts:1\n`)
    const list = (...flags: ReadonlyArray<string>) =>
      whenEnded(
        launch(
          "unshare",
          [...withNameServer, resolver, process.execPath, main, "list", "--subscription", subscription, ...flags],
          {
            env: {
              PATH: process.env["PATH"],
              POLAR_API_URL: `http://${host}:${port}`,
              POLAR_CUSTOMER_SESSION: secret
            }
          }
        )
      )
    const refused = await list()
    assert.strictEqual(refused.code, 2, refused.stderr)
    assert.include(refused.stderr, "POLAR_API_URL")
    assert.deepEqual([nameServer.asked, bearers], [[], []])

    const allowed = await list("--allow-host", host)
    assert.strictEqual(allowed.code, 1, allowed.stderr)
    assert.deepEqual(bearers, [`Bearer ${secret}`], "the name server leads there")
    assert.notInclude(refused.stderr + allowed.stderr, secret)
  }
)
