import { assert, describe, it } from "vitest"
import { outputSchema } from "../../packages/app/src/outputSchema.ts"
import { readCommands } from "../security/runHere.ts"
import { powerless, subscription } from "./acme.ts"
import { assertJsonLines, linesOf, seatCommands, summaryOf } from "./jsonLines.ts"
import { startRecordingProxy } from "./recordingProxy.ts"
import { run, start, stopInTime } from "./runCli.ts"
import { startTeam } from "./seededTeam.ts"

// `run` and `start` hold every line of every command with --json to the schema, in all tests of this folder. This file makes
// each command end in each way

type Name = (typeof seatCommands)[number]
const where = ["--subscription", subscription]
const id = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"

/** The arguments with which each command does something, and those that make no sense. */
const uses: Readonly<Record<Name, { readonly good: ReadonlyArray<string>; readonly bad: ReadonlyArray<string> }>> = {
  list: { good: where, bad: [] },
  resend: { good: ["live0@acme.com", ...where], bad: [id, "seat-1"] },
  reissue: { good: ["expired0@acme.com", ...where], bad: [id] },
  remind: { good: [...where, "--yes"], bad: [] },
  assign: { good: [...where, "--email", "new@acme.com"], bad: where },
  revoke: { good: ["claimed0@acme.com", ...where, "--yes"], bad: [id, "seat-1", "--yes"] },
  claim: { good: [], bad: ["--no-such-flag"] }
}

/** The counts of each command's success. */
const done: Readonly<Record<Name, Readonly<Record<string, number>>>> = {
  list: { listed: 3 },
  resend: { resent: 1 },
  reissue: { reissued: 1 },
  remind: { resent: 1, reissued: 0, skipped: 2 },
  assign: { assigned: 1 },
  revoke: { revoked: 1 },
  claim: { claimed: 1 }
}
const words = [
  "listed",
  "resent",
  "reissued",
  "assigned",
  "revoked",
  "claimed",
  "skipped",
  "failed",
  "unknown",
  "not_begun"
]
const notDone = { failed: 0, unknown: 0, not_begun: 0 }

it("every command of the command line is of seats and fits the schema, or has JSON of its own", async () => {
  const own = ["session", "listen", "emulator", "demo"]
  const names = (await readCommands()).map(({ name }) => name)
  assert.sameMembers(names, [...seatCommands, ...own])
})

it("the schema without Effect has every outcome, and Polar's fields of a seat", () => {
  const text = JSON.stringify(outputSchema())
  const outcomes = Array.from(text.matchAll(/"outcome":\{"type":"string","enum":\[([^\]]*)\]/g), ([, words]) =>
    words?.split(",")
  )
  assert.sameMembers(
    outcomes.flat().filter((word, index, all) => all.indexOf(word) === index),
    words.map((word) => JSON.stringify(word))
  )
  assert.include(text, '"invitation_token_expires_at"')
})

describe.concurrent("the JSON of a command fits the schema", { timeout: 60_000 }, () => {
  it.for(seatCommands)("%s: after success, with a line for each seat and a summary", async (command, test) => {
    // A free seat for the new person
    const revoked = command === "assign" ? 1 : 0
    const { env, seats } = await startTeam(test, { live: 1, expired: 1, claimed: 1, revoked })
    const token = { POLAR_INVITATION_TOKEN: `s3cret-${seats.live[0]?.id}` }
    const { code, stdout } = await run([command, ...uses[command].good, "--json"], { ...env, ...token })
    assert.strictEqual(code, 0)
    const { interrupted, summary } = summaryOf(stdout)
    assert.deepEqual({ interrupted, summary }, { interrupted: false, summary: { ...done[command], ...notDone } })
    for (const { id, outcome, reason, seat } of linesOf(stdout)) {
      assert.strictEqual(outcome === "skipped" ? typeof reason : seat.id, outcome === "skipped" ? "string" : id)
    }
  })

  it.for(seatCommands)("%s: after a refusal, with the error and a summary", async (command, test) => {
    const { url } = await startTeam(test, { live: 1, expired: 1, claimed: 1 })
    const env = { POLAR_API_URL: url, POLAR_ACCESS_TOKEN: powerless, POLAR_INVITATION_TOKEN: "s3cret".padEnd(43, "-") }
    const { code, stderr, stdout } = await run([command, ...uses[command].good, "--json"], env)
    assert.strictEqual(code, 3)
    const summary = summaryOf(stdout)
    const { error } = [...linesOf(stdout).filter(({ outcome }) => outcome === "failed"), summary][0]
    assert.include(stderr, error.message)
    assert.strictEqual(error._tag, command === "claim" ? "InvalidInvitation" : "Forbidden")
    assert.strictEqual(summary.interrupted, false)
  })

  it.for(seatCommands)("%s: after wrong use, with nothing", async (command, test) => {
    const { env, mails, requests } = await startTeam(test, { live: 1 })
    const { code, stderr, stdout } = await run([command, ...uses[command].bad, "--json"], env)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.notStrictEqual(stderr, "")
    assert.deepEqual([await mails(), await requests("POST"), await requests("DELETE")], [[], [], []])
  })

  it.for(seatCommands)("%s: after Ctrl-C, with a summary that says so", async (command, test) => {
    const { arrived, url } = await startRecordingProxy(test)
    const env = { POLAR_API_URL: url, POLAR_CUSTOMER_SESSION: "polar_cst_s3cret", POLAR_INVITATION_TOKEN: "s3cret" }
    const busy = await start([command, ...uses[command].good, "--json"], env, arrived(1))
    const { code, inTime, stdout } = await stopInTime(busy, "SIGINT")
    assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
    assert.isTrue(summaryOf(stdout).interrupted)
    const outcomes = linesOf(stdout).map(({ outcome }) => outcome)
    // These two send their request without a look
    const mayHaveHappened = command === "assign" || command === "claim"
    const isNamed = command === "resend" || command === "reissue" || command === "revoke"
    assert.deepEqual(outcomes, mayHaveHappened ? ["unknown"] : isNamed ? ["not_begun"] : [])
  })
})

it("claim --show-session adds the token to the line of the seat", async (test) => {
  const { env, listed, seats } = await startTeam(test, { live: 1 })
  const token = { POLAR_INVITATION_TOKEN: `s3cret-${seats.live[0]?.id}` }
  const { code, stdout } = await run(
    ["claim", "--show-session", "--json"],
    { ...env, ...token },
    { showsSession: true }
  )
  assert.strictEqual(code, 0)
  const [{ customer_session_token, seat }] = linesOf(stdout)
  assert.match(customer_session_token, /^polar_(cst|mst)_/)
  assert.deepEqual([seat], [...(await listed()).seats])
})

describe("the schema refuses", () => {
  const summary = { summary: { resent: 1, ...notDone }, interrupted: false }
  const failed = { id, outcome: "failed", error: { _tag: "NotFound", message: "There is no seat." } }
  const failure = { summary: { resent: 0, ...notDone, failed: 1 }, interrupted: false }
  const check = (line: unknown, last: unknown) => () =>
    assertJsonLines(["resend", "--json"], { code: 0, stdout: `${JSON.stringify(line)}\n${JSON.stringify(last)}\n` })

  it("no line that the commands print", () => assert.doesNotThrow(check(failed, failure)))
  it.for([
    ["a line with a word that no schema has", { ...failed, more: 1 }, failure],
    ["a line without an outcome", { id, error: failed.error }, failure],
    ["a line with another outcome", { ...failed, outcome: "lost" }, failure],
    ["a failure without an error", { id, outcome: "failed" }, failure],
    ["a resend with an error in place of its seat", { ...failed, outcome: "resent" }, summary],
    ["a skip without a reason", { id, outcome: "skipped" }, failure],
    ["a skip for an unknown reason", { id, outcome: "skipped", reason: "mood" }, failure],
    ["an id that is none", { ...failed, id: "seat-1" }, failure],
    ["a summary with a count that is none", failed, { ...failure, summary: { ...failure.summary, failed: -1 } }],
    ["a summary that does not say whether it was interrupted", failed, { summary: failure.summary }]
  ] as const)("%s", ([, line, last]) => assert.throws(check(line, last), /the schema does not fit/))
})
