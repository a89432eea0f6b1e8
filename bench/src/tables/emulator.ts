import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { firstLine, launch, whenReady } from "../../../scripts/launch.ts"
import { makeTemporaryFolder } from "../../../scripts/temporaryFolder.ts"
import { interleaved, start, worker } from "../processes.ts"
import { median, ratio, type Report, show } from "../report.ts"
import { resendPath, seatId, seatJson, token } from "../wire.ts"

const contenders = {
  raw: "raw `node:http` with the same answer",
  rawAgain: "raw `node:http`, again (noise)",
  emulator: "`polar-seats emulator`"
} as const
type Name = keyof typeof contenders
const names: ReadonlyArray<Name> = ["raw", "rawAgain", "emulator"]

const { customer_id, email, subscription_id } = seatJson(seatId(1))
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const world = {
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer_id, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: subscription_id, product, customer: customer_id, seats: 5 }],
  seats: [{ id: seatId(1), subscription_id, status: "pending", email, invitation_token: "ann" }],
  tokens: [{ token, customer: customer_id }]
}

const scriptOf = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Starts a server, and sends it a resend as soon as it has printed its URL. */
const startServer = async (args: ReadonlyArray<string>) => {
  const begin = performance.now()
  const server = launch(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
  const url = await whenReady(server, firstLine(server))
  const headers = { authorization: `Bearer ${token}`, "polar-version": "2026-10" }
  const answer = await fetch(url + resendPath(seatId(1)), { method: "POST", headers })
  const { id } = await answer.json()
  const millis = performance.now() - begin
  if (answer.status !== 200 || id !== seatId(1)) {
    throw server.failure(`answered with ${answer.status} and another seat or none`)
  }
  return { url, millis, stop: () => server.stop("SIGKILL") }
}

export const run = async (): Promise<Report> => {
  const folder = makeTemporaryFolder("bench")
  const seed = join(folder, "world.json")
  await writeFile(seed, JSON.stringify(world))
  const startOne = (name: Name) =>
    startServer(
      name === "emulator"
        ? [scriptOf("../../../packages/app/src/main.ts"), "emulator", "--port", "0", "--seed", seed]
        : [scriptOf("../workers/nodeHttp.ts")]
    )

  const firstAnswer = async (name: Name) => {
    const { millis, stop } = await startOne(name)
    await stop()
    return millis
  }
  await interleaved(1, names, firstAnswer)
  const starts = await interleaved(7, names, firstAnswer)

  const servers = await Promise.all(names.map(async (name) => [name, await startOne(name)] as const))
  const askers = await Promise.all(
    servers.map(async ([name, { url }]) => [name, { url, ...(await start(worker("callers"), "socket", url)) }] as const)
  )
  const workers = new Map(askers)
  const ask = async (name: Name) => {
    const asker = workers.get(name)
    const figures = await asker?.ask({ concurrency: 16, millis: 500, atLeast: 500 })
    // The emulator keeps every request and mail until they are deleted
    if (name === "emulator") {
      await fetch(`${asker?.url}/_emulator/requests`, { method: "DELETE" })
      await fetch(`${asker?.url}/_emulator/outbox`, { method: "DELETE" })
    }
    return figures?.["callsPerSecond"] ?? Number.NaN
  }
  await interleaved(2, names, ask)
  const speeds = await interleaved(9, names, ask)
  await Promise.all([...servers.map(([, server]) => server.stop()), ...[...workers.values()].map(({ stop }) => stop())])
  return {
    title: "Emulator",
    notes: [
      "Raw sockets send resends, 16 at once. The speeds are medians of 9 rounds of 500 ms. The times from the start of the process to its first answer are medians of 7. " +
        "The emulator checks the token and the rules, mails, and records the request."
    ],
    tables: [
      {
        columns: ["contender", "requests a second", "x raw", "ms to the first answer", "x raw"],
        rows: names.map((name) => [
          contenders[name],
          show(median(speeds[name])),
          show(ratio(speeds[name], speeds.raw)),
          show(median(starts[name])),
          show(ratio(starts[name], starts.raw))
        ])
      }
    ],
    measured: {}
  }
}
