import { randomUUID } from "node:crypto"
import { assert, describe, it, type TestContext, vi } from "vitest"
import { customer, organization, session, startAcme, subscription } from "./acme.ts"
import { linesOf, seatCommands, summaryOf } from "./jsonLines.ts"
import { startRecordingProxy } from "./recordingProxy.ts"
import { get, post, start, stopInTime } from "./runCli.ts"

const outcomes = ["done", "failed", "unknown", "not_begun"] as const
type Groups = Readonly<Record<(typeof outcomes)[number], ReadonlyArray<string>>>

const groupsIn = (idsOf: (outcome: (typeof outcomes)[number]) => ReadonlyArray<string>): Groups => ({
  done: idsOf("done"),
  failed: idsOf("failed"),
  unknown: idsOf("unknown"),
  not_begun: idsOf("not_begun")
})

/** Reads the groups from the summary on stderr, which prints `done` under another word. */
const groupsForPeople = (stderr: string, done: string): Groups => {
  const names = { done, failed: "failed", unknown: "unknown", not_begun: "not begun" }
  const groups = groupsIn((outcome) => {
    const line = stderr.split("\n").find((line) => line.startsWith(`${names[outcome]}: `))
    return line === undefined ? [] : line.slice(names[outcome].length + 2).split(" ")
  })
  const counts = outcomes.map((outcome) => `${groups[outcome].length} ${names[outcome]}`).join(", ")
  assert.include(stderr, `\nInterrupted.\nOf 100: ${counts}.\n`)
  return groups
}

/** Reads the groups from the lines of JSON, which come in the order of the ids. */
const groupsForMachines = (stdout: string, ids: ReadonlyArray<string>): Groups => {
  const lines = linesOf(stdout)
  assert.isTrue(summaryOf(stdout).interrupted)
  assert.deepEqual(
    lines.map(({ id }) => id),
    [...ids]
  )
  const isDone = (line: { readonly seat?: unknown }) => line.seat !== undefined
  return groupsIn((outcome) =>
    lines.filter((line) => (outcome === "done" ? isDone(line) : line.outcome === outcome)).map(({ id }) => id)
  )
}

/** Starts an emulator with 99 invitations and one claimed seat. */
const startTeam = async (test: TestContext) => {
  const ids = Array.from({ length: 100 }, () => randomUUID() as string)
  const accepted = ids[10] ?? ""
  const acme = await startAcme(
    100,
    ids.map((id) => ({
      id,
      email: `${id}@acme.com`,
      ...(id === accepted
        ? { status: "claimed", claimed_at: "2026-11-22T07:00:00Z" }
        : {
            status: "pending",
            invitation_token: `s3cret-${id}`,
            invitation_token_expires_at: "2100-01-01T00:00:00Z"
          })
    }))
  )
  test.onTestFinished(async () => void (await acme.stop()))
  const { arrived, url } = await startRecordingProxy(test, acme.url)
  const rules = (...rules: ReadonlyArray<Readonly<Record<string, unknown>>>) =>
    post(`${acme.url}/_emulator/faults`, { rules })
  /** The seats of the requests with a method, in the order in which the emulator answered them. */
  const asked = async (method: string) => {
    const requests = (await get(`${acme.url}/_emulator/requests`)) as ReadonlyArray<{ method: string; path: string }>
    return requests.filter((each) => each.method === method).map(({ path }) => path.split("/")[4])
  }
  const env = { POLAR_API_URL: url, POLAR_CUSTOMER_SESSION: session }
  return { ...acme, ids, accepted, rules, asked, arrived, env }
}

describe.concurrent("Ctrl-C in the middle of a hundred seats", () => {
  it.for([
    ["for people", []],
    ["for machines", ["--json"]]
  ] as const)("prints which seats were resent, which were not and which is unknown, %s", async ([, flags], test) => {
    const { accepted, arrived, asked, env, ids, mails, rules } = await startTeam(test)
    // The emulator answers 40 requests at once, and delays the next one until after the command has ended
    await rules({ method: "POST", times: 40, delay_ms: 0 }, { method: "POST", delay_ms: 1500 })
    const unknown = ids[40] ?? ""
    const resent = ids.slice(0, 40).filter((id) => id !== accepted)

    const resend = await start(["resend", ...ids, ...flags], env, arrived(41))
    const { code, inTime, stderr, stdout } = await stopInTime(resend, "SIGINT")
    assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
    assert.deepEqual(flags.length === 0 ? groupsForPeople(stderr, "resent") : groupsForMachines(stdout, ids), {
      done: resent,
      failed: [accepted],
      unknown: [unknown],
      not_begun: ids.slice(41)
    })
    assert.match(stderr, new RegExp(`^${unknown}: [^\n]*unknown[^\n]*mail may have gone out`, "m"))

    // The emulator did carry out the unknown resend. After its answer, no other request is open
    await vi.waitFor(async () => assert.include(await asked("POST"), unknown), { timeout: 5000, interval: 50 })
    assert.deepEqual(await asked("POST"), [...ids.slice(0, 40), unknown])
    assert.deepEqual(
      (await mails()).map(({ seat_id }) => seat_id),
      [...resent, unknown]
    )
  })

  it("prints the outcome of every seat on stderr if the reader of stdout goes away", async (test) => {
    const { asked, env, ids, mails, rules } = await startTeam(test)
    await rules({ method: "POST", delay_ms: 20 })
    const { code, stderr } = await (await start(["resend", ...ids], env)).leave()
    assert.strictEqual(code, 130)
    const { done, failed, not_begun, unknown } = groupsForPeople(`\n${stderr}`, "resent")
    assert.isAtLeast(not_begun.length, 50)
    assert.sameMembers([...failed, ...done, ...unknown, ...not_begun], ids)
    assert.isAtMost(unknown.length, 1)
    // The interruption may have come before the unknown request was sent
    await vi.waitFor(async () => assert.includeMembers(await asked("POST"), [...done, ...failed]), {
      timeout: 5000,
      interval: 50
    })
    const mailed = (await mails()).map(({ seat_id }) => seat_id)
    assert.includeMembers(mailed, [...done])
    assert.includeMembers([...done, ...unknown], mailed)
  })

  it.for(["SIGTERM", "SIGHUP"] as const)(
    "prints the outcome of every seat after %s at any time",
    async (signal, test) => {
      const { accepted, arrived, asked, env, ids, listed, rules } = await startTeam(test)
      await rules({ method: "DELETE", delay_ms: 5 })
      // One id is passed twice
      const named = [...ids.slice(0, 99), accepted]

      const revoke = await start(["revoke", ...named, "--yes", "--json"], env, arrived(20))
      const { code, inTime, stderr, stdout } = await stopInTime(revoke, signal)
      assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
      const groups = groupsForMachines(stdout, named)
      assert.deepEqual(groupsForPeople(stderr, "revoked"), groups)
      const { done, failed, not_begun, unknown } = groups
      assert.deepEqual([...failed, ...done, ...unknown, ...not_begun], named)
      assert.deepEqual(failed, [])
      assert.isAtLeast(done.length, 19)
      assert.isAtMost(unknown.length, 1)

      const begun = new Set([...done, ...unknown])
      const revoked = (await listed()).seats.filter(({ status }) => status === "revoked").map(({ id }) => id)
      assert.includeMembers(revoked, [...done])
      assert.includeMembers([...begun], revoked)
      assert.includeMembers([...begun], await asked("DELETE"))
    }
  )
})

const mailed = /unknown: it was interrupted\. The mail may have gone out: check before you retry\.$/
const done = /unknown: it was interrupted\. It may have been done: check before you retry\.$/
const harmless = /unknown: it was interrupted\. It is safe to retry\.$/

describe.concurrent("Ctrl-C during a call ends with 130 within a second, and prints what may have happened", () => {
  it.for([
    [["assign", "--subscription", subscription, "--email", "ann@acme.com"], "POST /v1/customer-portal/seats", mailed],
    [["claim"], "POST /v1/customer-seats/claim", done],
    [["session", "--customer", customer], "POST /v1/customer-sessions/", harmless],
    [
      ["list", "--subscription", subscription],
      `GET /v1/customer-portal/seats?subscription_id=${subscription}`,
      harmless
    ],
    [
      ["demo", "--subscription", subscription],
      `GET /v1/customer-portal/seats?subscription_id=${subscription}`,
      harmless
    ]
  ] as const)("%s", async ([args, request, said], test) => {
    const silent = await startRecordingProxy(test)
    const env = {
      POLAR_API_URL: silent.url,
      ...(args[0] === "session" ? { POLAR_ACCESS_TOKEN: organization } : { POLAR_CUSTOMER_SESSION: session }),
      POLAR_INVITATION_TOKEN: "s3cret"
    }
    const command = await start([...args, "--json"], env, silent.arrived(1))
    const { code, inTime, stderr, stdout } = await stopInTime(command, "SIGINT")
    assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
    const isOfSeats = seatCommands.some((command) => command === args[0])
    if (isOfSeats) assert.isTrue(lines.at(-1).interrupted)
    // A list that was interrupted has no seat, and its error is in the summary
    const { error, outcome = "failed" } = lines[0]
    assert.strictEqual(error._tag, "Unavailable")
    assert.strictEqual(outcome, said === harmless ? "failed" : "unknown")
    assert.match(error.message, said)
    assert.strictEqual(stderr, `${error.message}\n`)
    assert.deepEqual(silent.requests, [request])
  })

  it("also during the one resend of the demo", async (test) => {
    const { arrived, env, mails, rules } = await startTeam(test)
    await rules({ method: "POST", delay_ms: 1000 })
    const demo = await start(["demo", "--subscription", subscription, "--yes"], env, arrived(2))
    const { code, inTime, stderr } = await stopInTime(demo, "SIGINT")
    assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
    assert.match(stderr.trimEnd(), mailed)
    await vi.waitFor(async () => assert.strictEqual((await mails()).length, 1), { timeout: 5000, interval: 50 })
  })
})
