import { PgClient } from "@effect/sql-pg"
import * as Journal from "@polar-seats/invitations/Journal"
import * as JournalSql from "@polar-seats/invitations/JournalSql"
import * as SharedRun from "@polar-seats/invitations/SharedRun"
import { Seats } from "@polar-seats/domain/Seats"
import { Effect, Layer, Redacted, Stream } from "effect"
import { fileURLToPath } from "node:url"
import { assert } from "vitest"
import { type Launched, launch, whenEnded } from "../../scripts/launch.ts"
import { get, post, startEmulator } from "../app/runCli.ts"
import type { startPostgres } from "../../scripts/postgres.ts"

const worker = fileURLToPath(new URL("../../examples/src/worker.ts", import.meta.url))
const token = "polar_oat_s3cret"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const subscription = "e5149aae-e521-42b9-b24c-abb3d71eea2e"

const run = "reminders"
const callMillis = 300
const sleep = (millis: number) => new Promise((resolve) => setTimeout(resolve, Math.max(0, millis)))

/** The number of seats of each kind. */
export interface Size {
  readonly live: number
  readonly expired: number
  readonly claimed: number
  readonly revoked: number
}

const seatsOf = ({ claimed, expired, live, revoked }: Size) => {
  const make = (kind: string, count: number, more: (index: number) => Readonly<Record<string, unknown>>) =>
    Array.from({ length: count }, (_, index) => ({
      subscription_id: subscription,
      customer_id: customer,
      email: `${kind}${index}@acme.com`,
      created_at: "2026-11-01T00:00:00Z",
      ...more(index)
    }))
  const pending = (until: string) => (index: number) => ({
    status: "pending",
    invitation_token: `s3cret-invitation-${until}-${index}`,
    invitation_token_expires_at: until
  })
  return [
    ...make("live", live, pending(new Date(Date.now() + 20 * 3_600_000).toISOString())),
    ...make("expired", expired, pending("2026-11-02T00:00:00Z")),
    ...make("claimed", claimed, () => ({ status: "claimed", claimed_at: "2026-11-02T00:00:00Z" })),
    ...make("revoked", revoked, () => ({
      status: "revoked",
      email: null,
      customer_id: null,
      revoked_at: "2026-11-02T00:00:00Z"
    }))
  ]
}

interface Mail {
  readonly to: string
  readonly token: string
}

interface Answer {
  readonly seats: ReadonlyArray<{ readonly id: string; readonly status: string }>
}

// Long enough for the lock and the lease of whoever is stopped to expire, whatever the others do
const lockSeconds = 2
const leaseSeconds = 2
const stoppedMillis = 5000

/** An emulator with a team, and workers of one run over its seats. */
const startTeam = async (database: string, size: Size, seconds: Readonly<Record<string, string>>) => {
  const emulator = await startEmulator()
  const url = emulator.firstLine
  const workers: Array<Launched> = []
  const start = (...sources: ReadonlyArray<string>) => {
    const launched = launch(process.execPath, [worker, run, ...sources], {
      env: {
        PATH: process.env["PATH"],
        POLAR_ACCESS_TOKEN: token,
        POLAR_API_URL: url,
        DATABASE_URL: database,
        ...seconds
      }
    })
    workers.push(launched)
    return launched
  }
  const stop = async () => {
    for (const { child } of workers) child.kill("SIGKILL")
    await emulator.stop()
  }
  const seeded = await post(`${url}/_emulator/seed`, {
    organizations: [{ slug: "acme", name: "Acme" }],
    products: [{ id: product, organization: "acme", name: "Acme Pro" }],
    customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
    subscriptions: [{ id: subscription, product, customer, seats: size.live + size.expired + size.claimed }],
    seats: seatsOf(size),
    tokens: [{ token, organization: "acme", scopes: ["customer_seats:read", "customer_seats:write"] }]
  })
  assert.strictEqual(seeded.status, 200, JSON.stringify(seeded.body))
  const mails = async () => (await get(`${url}/_emulator/outbox`)) as ReadonlyArray<Mail>
  return { url, workers, start, stop, mails }
}

/** A number of workers share a run that nothing disturbs. Returns how each of them ended, and who was mailed. */
export const manyWorkers = async (database: string, count: number, size: Size) => {
  const { mails, start, stop, workers } = await startTeam(database, size, {})
  try {
    start(subscription)
    while (workers.length < count) start()
    const ended = await Promise.all(workers.map((each) => whenEnded(each, 120_000)))
    return { ended, addresses: (await mails()).map(({ to }) => to) }
  } finally {
    await stop()
  }
}

type Database = Pick<Awaited<ReturnType<typeof startPostgres>>, "url" | "pause" | "resume">

/**
 * Four processes share a run. Two of them are stopped for longer than their locks and continued, and one is killed. The
 * database restarts, and the last worker is told to end while it is gone. The mails and the journal then show that nobody
 * was mailed twice and that every seat has an outcome.
 */
export const fourWorkers = async ({ pause, resume, url: database }: Database, size: Size) => {
  const { mails, start, stop, url, workers } = await startTeam(database, size, {
    LOCK_SECONDS: String(lockSeconds),
    LEASE_SECONDS: String(leaseSeconds)
  })
  try {
    // Each call takes a while, so whoever is stopped or killed has mails on their way
    await post(`${url}/_emulator/faults`, {
      rules: ["POST", "DELETE"].map((method) => ({ method, path: "/v1", times: 1_000_000, delay_ms: callMillis }))
    })

    const began = performance.now()
    // Workers may start before there is anything to do
    const [first, second, third, fourth] = [start(subscription), start(), start(), start()]
    const people = size.live + size.expired
    const until = async (share: number, ...begun: ReadonlyArray<Launched>) => {
      const deadline = performance.now() + 50_000
      while ((await mails()).length < people * share || begun.some(({ printed }) => printed.stdout === "")) {
        assert.isBelow(
          performance.now(),
          deadline,
          workers.map(({ printed }) => printed.stdout + printed.stderr).join()
        )
        await sleep(20)
      }
    }
    // A worker that meets no database when it starts ends at once
    await until(0.1, second, third)
    for (const { child } of [second, third]) child.kill("SIGSTOP")
    const stopped = performance.now()
    await until(0.2)
    fourth.child.kill("SIGKILL")
    await until(0.3)
    await pause()
    const told = performance.now()
    first.child.kill("SIGTERM")
    await whenEnded(first)
    const interruption = performance.now() - told
    await resume()
    start()
    await sleep(stoppedMillis - (performance.now() - stopped))
    for (const { child } of [second, third]) child.kill("SIGCONT")
    const ended = await Promise.all(workers.map((each) => whenEnded(each, 120_000)))
    const seconds = (performance.now() - began) / 1000
    assert.deepStrictEqual(
      ended.map(({ code }) => code),
      [130, 0, 0, null, 0],
      ended.map(({ stderr, stdout }) => stdout + stderr).join()
    )
    assert.isBelow(interruption, 1000, "an interruption takes less than a second without a database")
    for (const { stderr, stdout } of ended) {
      assert.notMatch(stdout + stderr, /s3cret|@acme/, "neither secrets nor addresses are printed")
    }

    await post(`${url}/_emulator/faults`, { rules: [] })
    const sent = await mails()
    const addresses = sent.map(({ to }) => to)
    assert.strictEqual(new Set(addresses).size, addresses.length, "nobody gets two mails")

    const layer = SharedRun.layer({ run }).pipe(
      Layer.provide(Layer.mock(Seats, {})),
      Layer.provideMerge(JournalSql.layer()),
      Layer.provide(PgClient.layer({ url: Redacted.make(database) }))
    )
    const { entries, progress, results } = await Effect.gen(function* () {
      const shared = yield* SharedRun.SharedRun
      return {
        entries: yield* Stream.runCollect((yield* Journal.Journal).entries),
        progress: yield* shared.progress,
        results: yield* Stream.runCollect(shared.results)
      }
    }).pipe(Effect.provide(layer), Effect.runPromise)

    const all = people + size.claimed + size.revoked
    assert.deepStrictEqual(progress, { offered: all, settled: all, isDone: true })
    assert.strictEqual(results.length, all, "every seat has an outcome")
    // A worker that is gone may leave a person without a seat, and no evidence of who took it. The run reports the person
    const failed = results.filter(({ outcome }) => outcome === "Failed")
    const unfinished = new Set(
      entries.map(({ attempt }) => (attempt?._tag === "Reissue" ? Redacted.value(attempt.reissue.address) : null))
    )
    for (const { address, reason } of failed) {
      assert.strictEqual(reason, "ReissueIncomplete")
      const entry = entries.find(({ key }) => address !== null && key.endsWith(address))
      assert.isTrue(unfinished.has(address), `${address} is among the unfinished reissues: ${JSON.stringify(entry)}`)
      assert.notInclude(addresses, address, "a seat that was mailed is not reported as failed")
    }
    const lost = new Set(failed.map(({ address }) => address))

    const inDoubt = results.filter(({ outcome }) => outcome === "InDoubt")
    assert.isAtMost(inDoubt.length, 2 * 16, "at most what the killed and the interrupted worker had in hand")
    assert.strictEqual(entries.length, people, "the journal has an entry for everybody who was to be mailed")
    const mailed = entries.filter(({ mailed }) => mailed !== null)
    assert.isAtLeast(mailed.length + inDoubt.length + failed.length, people)
    const doubtful = new Set(inDoubt.map(({ address }) => address))
    for (let index = 0; index < size.live; index++) {
      const address = `live${index}@acme.com`
      assert.isTrue(addresses.includes(address) || doubtful.has(address), `${address} was mailed, or is in doubt`)
    }
    // An interrupted reissue is finished, so no expired seat is in doubt
    for (let index = 0; index < size.expired; index++) {
      const address = `expired${index}@acme.com`
      assert.isTrue(addresses.includes(address) || lost.has(address), `${address} was mailed, or is reported`)
    }

    for (const { token: invitation_token } of sent) {
      const { status } = await fetch(`${url}/v1/customer-seats/claim`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ invitation_token })
      })
      assert.strictEqual(status, 200, "every link that was mailed can be claimed")
    }
    const { seats } = (await get(`${url}/v1/customer-seats?subscription_id=${subscription}`, token)) as Answer
    assert.strictEqual(seats.filter(({ status }) => status === "claimed").length, sent.length + size.claimed)

    const count = (outcome: string) => results.filter((result) => result.outcome === outcome).length
    return {
      seconds: Math.round(seconds * 10) / 10,
      interruptionMillis: Math.round(interruption),
      mails: sent.length,
      resent: count("Resent"),
      reissued: count("Reissued"),
      skipped: count("Skipped"),
      failed: failed.length,
      inDoubt: inDoubt.length,
      inDoubtAndMailed: inDoubt.filter(({ address }) => addresses.includes(address ?? "")).length
    }
  } finally {
    await stop()
  }
}
