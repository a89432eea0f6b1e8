import { assert, describe, it, vi } from "vitest"
import { session, startAcme, subscription } from "./acme.ts"
import { linesOf } from "./jsonLines.ts"
import { startRecordingProxy } from "./recordingProxy.ts"
import { run, start, stopInTime } from "./runCli.ts"
import { startTeam, temporaryFile } from "./seededTeam.ts"

const where = ["--subscription", subscription]
const missing = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"

/** The outcomes on the lines of JSON, each with the tag of its error. */
const outcomesOf = (stdout: string): ReadonlyArray<string> =>
  linesOf(stdout).map(({ error, outcome }) => (error === undefined ? outcome : `${outcome} ${error._tag}`))

describe.concurrent("resend", { timeout: 60_000 }, () => {
  it("mails a dead link by its id alone, says so, and ends with 5", async (test) => {
    const { env, mails, seats } = await startTeam(test, { live: 1, expired: 1 })
    const [dead = "", live = ""] = [seats.expired[0]?.id, seats.live[0]?.id]
    const { code, stderr, stdout } = await run(["resend", dead, live], env)
    assert.strictEqual(code, 5)
    assert.match(
      stdout,
      new RegExp(`^${dead}: resent to expired0@acme\\.com \\(expired 2 h ago\\)\n${live}: .*\\(live, 20 h left\\)\n$`)
    )
    assert.match(
      stderr,
      new RegExp(
        `^${dead}: the link in that mail is dead\\. .*polar-seats reissue ${dead} --subscription ${subscription}\n$`
      )
    )
    assert.lengthOf(await mails(), 2)
    const machine = await run(["resend", dead, live, "--json"], env)
    assert.strictEqual(machine.code, 5)
    assert.deepEqual(
      linesOf(machine.stdout).map(({ link, outcome }) => [outcome, link]),
      [
        ["resent", "dead"],
        ["resent", undefined]
      ]
    )
  })

  it("looks first with a source, and refuses a dead link with 1 and the command that helps", async (test) => {
    const { env, mails, seats } = await startTeam(test, { live: 1, expired: 1 })
    const [dead = "", live = ""] = [seats.expired[0]?.id, seats.live[0]?.id]
    const { code, stderr, stdout } = await run(["resend", dead, live, ...where], env)
    assert.strictEqual(code, 1)
    assert.match(stdout, new RegExp(`^${live}: resent to live0@acme\\.com [^\n]*\n$`))
    assert.match(
      stderr,
      new RegExp(
        `^${dead}: The invitation .* expired at .* Nothing was mailed.*polar-seats reissue ${dead} --sub\\S+ \\S+\n$`
      )
    )
    assert.deepEqual(
      (await mails()).map(({ to }) => to),
      ["live0@acme.com"]
    )
    const machine = await run(["resend", dead, ...where, "--json"], env)
    assert.deepEqual(outcomesOf(machine.stdout), ["failed InvitationExpired"])
  })

  it.for([
    ["reissue", 1, "reissued to", "live, 24 h left"],
    ["resend-anyway", 0, "resent to", "expired 2 h ago"]
  ] as const)("with --on-expired %s, %d mailed link works", async ([flag, working, what, state], test) => {
    const { claimAll, env, mails, seats } = await startTeam(test, { live: 0, expired: 1 })
    const { code, stderr, stdout } = await run(["resend", "expired0@acme.com", ...where, "--on-expired", flag], env)
    assert.strictEqual(code, 0, stderr)
    assert.strictEqual(stdout, `${seats.expired[0]?.id}: ${what} expired0@acme.com (${state})\n`)
    assert.lengthOf(await mails(), 1)
    assert.strictEqual(await claimAll(), working)
  })

  it("takes addresses in any spelling with a source, and mails a seat that is named twice once", async (test) => {
    const { env, mails, seats } = await startTeam(test, { live: 2 })
    const id = seats.live[0]?.id ?? ""
    const named = ["LIVE0@acme.com", id, "Live <live1@ACME.com>"]
    const { code, stderr, stdout } = await run(["resend", ...named, ...where, "--json"], env)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.deepEqual(outcomesOf(stdout), ["resent", "resent", "resent"])
    assert.deepEqual(
      (await mails()).map(({ to }) => to),
      ["live0@acme.com", "live1@acme.com"]
    )
  })

  it.for([
    [
      "an address without a seat there",
      ["live0@acme.com", "nobody@acme.com", ...where],
      /^nobody@acme\.com: has no seat/m
    ],
    ["an address without a source", ["live0@acme.com"], /^live0@acme\.com: .*--subscription or --order/m],
    ["a word that is no id", [missing, "seat-1"], /^seat-1: is not a UUID/m],
    ["a word that is no id, with a source", ["live0@acme.com", "seat-1", ...where], /^seat-1: is not a UUID/m],
    [
      "--on-expired without a source",
      [missing, "--on-expired", "reissue"],
      /--on-expired needs --subscription or --order/
    ],
    ["two sources", [missing, ...where, "--order", subscription], /--subscription or an --order/]
  ] as const)("mails nobody and ends with 2 for %s", async ([, args, why], test) => {
    const { env, mails, requests } = await startTeam(test, { live: 1 })
    const { code, stderr, stdout } = await run(["resend", ...args, "--json"], env)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, why)
    assert.deepEqual([await mails(), await requests("POST")], [[], []])
  })

  it("continues after an id that is not on the list, and after a claimed seat", async (test) => {
    const { env, mails } = await startTeam(test, { live: 1, claimed: 1 })
    const args = ["resend", missing, "claimed0@acme.com", "live0@acme.com", ...where, "--json"]
    const { code, stdout } = await run(args, env)
    assert.strictEqual(code, 3)
    assert.deepEqual(outcomesOf(stdout), ["failed NotFound", "failed AlreadyClaimed", "resent"])
    assert.lengthOf(await mails(), 1)
  })

  it.for([
    ["resend", "by id", []],
    ["resend", "with a source", where],
    ["reissue", "with a source", where]
  ] as const)("as %s %s mails once within a minute with one --journal, and again with --again", async (how, test) => {
    const [command, , source] = how
    const { env, mails, seats } = await startTeam(test, { live: 1 })
    const id = seats.live[0]?.id ?? ""
    const args = [command, id, ...source, "--journal", await temporaryFile(test)]
    assert.strictEqual((await run(args, env)).code, 0)
    const second = await run(args, env)
    assert.deepEqual({ code: second.code, stdout: second.stdout }, { code: 1, stdout: "" })
    assert.match(second.stderr, /Nothing was mailed now: try again from 20\S+Z on, or pass --again/)
    assert.lengthOf(await mails(), 1)
    assert.strictEqual((await run([...args, "--again"], env)).code, 0)
    assert.lengthOf(await mails(), 2)
  })

  it("asks which seat is meant if an address has two", async (test) => {
    const ids = [missing, "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"]
    const pending = (id: string, email: string) => ({ id, email, status: "pending", invitation_token: `s3cret-${id}` })
    const acme = await startAcme(2, [pending(ids[0] ?? "", "ann@acme.com"), pending(ids[1] ?? "", "ANN@acme.com")])
    test.onTestFinished(async () => void (await acme.stop()))
    const env = { POLAR_API_URL: acme.url, POLAR_CUSTOMER_SESSION: session }
    const { code, stderr, stdout } = await run(["resend", "ann@acme.com", ...where], env)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, /^ann@acme\.com: has 2 seats there\. Name one by its id: \S+ \S+\nNothing was mailed\.\n$/)
    for (const id of ids) assert.include(stderr, id)
    assert.deepEqual(await acme.mails(), [])
  })

  it("prints the command for the second half after Ctrl-C between the halves of its reissue", async (test) => {
    const { env, mails, rules, seatOf, seats, url } = await startTeam(test, { expired: 2, live: 0 })
    const [id = "", other = ""] = seats.expired.map(({ id }) => id)
    const { arrived, url: between } = await startRecordingProxy(test, url)
    await rules({ method: "DELETE", delay_ms: 1000 })
    const args = ["resend", "expired0@acme.com", other, ...where, "--on-expired", "reissue", "--json"]
    // Two lists and the revocation, whose answer is delayed
    const busy = await start(args, { ...env, POLAR_API_URL: between }, arrived(3))
    const { code, inTime, stderr, stdout } = await stopInTime(busy, "SIGINT")
    assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
    assert.deepEqual(outcomesOf(stdout), ["unknown ReissueIncomplete", "not_begun NotBegun"])
    assert.match(stderr, /^Of 2: 0 resent, 0 reissued, 0 failed, 1 unknown, 1 not begun\.$/m)
    assert.match(stderr, /^unknown: expired0@acme\.com$/m)
    await vi.waitFor(async () => assert.strictEqual((await seatOf(id))?.status, "revoked"), {
      timeout: 5000,
      interval: 50
    })
    await rules()
    const byHand = await run((/polar-seats (assign .*)$/m.exec(stderr)?.[1] ?? "").split(" "), env)
    assert.strictEqual(byHand.code, 0, byHand.stderr)
    assert.deepEqual(
      (await mails()).map(({ to }) => to),
      ["expired0@acme.com"]
    )
  })

  it("finishes its reissue at once if the second half fails", async (test) => {
    const { env, mails, rules } = await startTeam(test, { expired: 1, live: 0 })
    const failure = { status: 500, headers: {}, body: "Internal Server Error" }
    await rules({ method: "POST", path: "/v1/customer-portal/seats", times: 1, ...failure })
    const { code, stderr, stdout } = await run(
      ["resend", "expired0@acme.com", ...where, "--on-expired", "reissue"],
      env
    )
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.match(stdout, /: reissued to expired0@acme\.com \(live, 24 h left\)\n$/)
    assert.lengthOf(await mails(), 1)
  })
})

describe.concurrent("revoke", { timeout: 60_000 }, () => {
  it("asks about a claimed seat, and revokes nothing without an answer", async (test) => {
    const { env, requests } = await startTeam(test, { live: 1, claimed: 1 })
    const args = ["revoke", "live0@acme.com", "claimed0@acme.com", ...where]
    const asked = await run(args, env)
    assert.deepEqual({ code: asked.code, stdout: asked.stdout }, { code: 2, stdout: "" })
    assert.match(asked.stderr, /claimed0@acme\.com .*loses access.*Nothing was revoked.*pass --yes\.\n$/)
    assert.notInclude(asked.stderr, "live0")
    assert.deepEqual(await requests("DELETE"), [])
    const sure = await run([...args, "--yes"], env)
    assert.deepEqual({ code: sure.code, stderr: sure.stderr }, { code: 0, stderr: "" })
    assert.match(sure.stdout, /^\S+: revoked from live0@acme\.com\n\S+: revoked from claimed0@acme\.com\n$/)
  })

  it("asks nothing about a pending seat on the list, and asks about any seat by its id alone", async (test) => {
    const { env, requests, seats } = await startTeam(test, { live: 2 })
    assert.strictEqual((await run(["revoke", "live0@acme.com", ...where], env)).code, 0)
    const other = seats.live[1]?.id ?? ""
    const blind = await run(["revoke", other], env)
    assert.deepEqual({ code: blind.code, stdout: blind.stdout }, { code: 2, stdout: "" })
    assert.match(blind.stderr, /may be claimed.*Nothing was revoked.*pass --yes/)
    assert.lengthOf(await requests("DELETE"), 1)
    assert.strictEqual((await run(["revoke", other, "--yes"], env)).code, 0)
    assert.lengthOf(await requests("DELETE"), 2)
  })

  it("revokes nothing if one of the ids is none", async (test) => {
    const { env, requests, seats } = await startTeam(test, { live: 1 })
    const { code, stderr, stdout } = await run(["revoke", seats.live[0]?.id ?? "", "seat-1", "--yes"], env)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, /^seat-1: is not a UUID.*\nNothing was revoked/)
    assert.deepEqual(await requests("DELETE"), [])
  })
})

it.for([
  ["resend", "Nothing was mailed."],
  ["reissue", "Nothing was mailed."],
  ["revoke", "Nothing was revoked."]
] as const)("%s says that it did nothing if it cannot list the seats", async ([command, nothingDone], test) => {
  const { env, mails, rules } = await startTeam(test, { live: 1 })
  await rules({ method: "GET", times: 1, status: 404, body: { error: "ResourceNotFound", detail: "Not found" } })
  const { code, stderr } = await run([command, "live0@acme.com", ...where], env)
  assert.strictEqual(code, 3)
  assert.isTrue(stderr.endsWith(` ${nothingDone}\n`), stderr)
  assert.lengthOf(await mails(), 0)
})

it("revokes no seat of another list without a question", async (test) => {
  const { env, requests } = await startTeam(test, { live: 1 })
  const { code, stderr, stdout } = await run(["revoke", missing, ...where], env)
  assert.deepEqual({ code, stdout }, { code: 3, stdout: "" })
  assert.match(stderr, new RegExp(`^${missing}: There is no seat`))
  assert.deepEqual(await requests("DELETE"), [])
})

it("reissue finds the seat of an address that an earlier command with the same journal has revoked", async (test) => {
  const { env, mails, rules } = await startTeam(test, { live: 0, expired: 1 })
  const args = ["reissue", "expired0@acme.com", ...where, "--journal", await temporaryFile(test)]
  await rules({ method: "POST", path: "/v1/customer-portal/seats", status: 503, headers: {}, body: "" })
  assert.strictEqual((await run(args, env)).code, 1)
  await rules()
  const { code, stderr, stdout } = await run(args, env)
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
  assert.match(stdout, /: reissued to expired0@acme\.com /)
  assert.lengthOf(await mails(), 1)
})

it("reissues nothing if one of the ids is none", async (test) => {
  const { env, requests } = await startTeam(test, { live: 0, expired: 1 })
  const { code, stderr, stdout } = await run(["reissue", "expired0@acme.com", "seat-1", ...where], env)
  assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
  assert.match(stderr, /^seat-1: is not a UUID/)
  assert.deepEqual([...(await requests("DELETE")), ...(await requests("POST"))], [])
})
