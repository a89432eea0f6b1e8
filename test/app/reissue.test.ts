import { assert, describe, it, vi } from "vitest"
import { subscription } from "./acme.ts"
import { startPassage, startRecordingProxy } from "./recordingProxy.ts"
import { linesOf } from "./jsonLines.ts"
import { startTeam, temporaryFile } from "./seededTeam.ts"
import { post, run, start, stopInTime } from "./runCli.ts"

const where = ["--subscription", subscription]
const portal = "/v1/customer-portal/seats"

/** Reads the arguments of the `assign` command that stderr ends with. */
const readAssignCommand = (stderr: string) => (/polar-seats (assign .*)$/m.exec(stderr)?.[1] ?? "").split(" ")

describe.concurrent("reissue", { timeout: 60_000 }, () => {
  it("mails the same people links that work, and prints their seats as Polar sends them", async (test) => {
    const { claimAll, env, listed, mails, seats } = await startTeam(test, { live: 1, expired: 2 })
    const ids = [...seats.expired, ...seats.live].map(({ id }) => id)
    const { code, stderr, stdout } = await run(["reissue", ...ids, ...where, "--yes", "--json"], env)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    const lines = linesOf(stdout)
    const addresses = ["expired0@acme.com", "expired1@acme.com", "live0@acme.com"]
    assert.deepEqual(
      lines.map(({ address, outcome, seat: { email, status } }) => [address, outcome, email, status]),
      addresses.map((address) => [address, "reissued", address, "pending"])
    )
    const reissued = lines.map(({ seat }) => seat)
    assert.sameDeepMembers(
      reissued,
      (await listed()).seats.filter(({ status }) => status === "pending") as Array<unknown>
    )
    assert.deepEqual(
      (await mails()).map(({ to }) => to),
      addresses
    )
    assert.strictEqual(await claimAll(), 3)
  })

  it("continues after a claimed seat and an unknown seat, and mails neither", async (test) => {
    const { env, mails, seats } = await startTeam(test, { live: 1, expired: 1, claimed: 1 })
    const [dead = "", accepted = ""] = [seats.expired[0]?.id, seats.claimed[0]?.id]
    const missing = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"
    const { code, stderr, stdout } = await run(["reissue", accepted, missing, dead, ...where, "--yes"], env)
    assert.strictEqual(code, 3)
    assert.strictEqual(stdout, `${dead}: reissued to expired0@acme.com (live, 24 h left)\n`)
    const lines = stderr.trimEnd().split("\n")
    assert.match(lines[0] ?? "", new RegExp(`^${accepted}: .*not pending any more`))
    assert.match(lines[1] ?? "", new RegExp(`^${missing}: There is no seat`))
    assert.strictEqual((await mails()).length, 1)
  })

  it("requires --yes for more than one seat, and one source", async (test) => {
    const { env, mails, seats } = await startTeam(test, { live: 2 })
    const ids = seats.live.map(({ id }) => id)
    const [asked, nowhere] = await Promise.all([run(["reissue", ...ids, ...where], env), run(["reissue", ...ids], env)])
    assert.deepEqual({ code: asked.code, stdout: asked.stdout }, { code: 2, stdout: "" })
    assert.match(asked.stderr, /^Mail 2 people a new link\? .*pass --yes\.\n$/)
    assert.strictEqual(nowhere.code, 2)
    assert.match(nowhere.stderr, /--subscription or an --order/)
    assert.deepEqual(await mails(), [])
  })

  it("retries the second half once, and mails once", async (test) => {
    const { env, mails, requests, rules, seats } = await startTeam(test, { expired: 1, live: 0 })
    const id = seats.expired[0]?.id ?? ""
    await rules({ method: "POST", path: portal, times: 1, status: 500, headers: {}, body: "Internal Server Error" })
    const { code, stderr, stdout } = await run(["reissue", id, ...where], env)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.strictEqual(stdout, `${id}: reissued to expired0@acme.com (live, 24 h left)\n`)
    assert.deepEqual([(await requests("DELETE")).length, (await requests("POST")).length], [1, 2])
    assert.strictEqual((await mails()).length, 1)
  })

  it("ends with 1 and prints the command for the second half if that fails", async (test) => {
    const { env, mails, rules, seatOf, seats } = await startTeam(test, { expired: 1, live: 0 })
    const id = seats.expired[0]?.id ?? ""
    await rules({ method: "POST", path: portal, status: 500, headers: {}, body: "Internal Server Error" })
    const failed = await run(["reissue", id, ...where, "--json"], env)
    assert.strictEqual(failed.code, 1)
    const [{ error, outcome }] = linesOf(failed.stdout)
    assert.deepEqual([outcome, error._tag], ["unknown", "ReissueIncomplete"])
    assert.strictEqual((await seatOf(id))?.status, "revoked")
    await rules()
    const byHand = await run(readAssignCommand(failed.stderr), env)
    assert.strictEqual(byHand.code, 0, byHand.stderr)
    assert.strictEqual((await seatOf(id))?.email, "expired0@acme.com")
    assert.strictEqual((await mails()).length, 1)
  })

  it("prints the command for the second half after Ctrl-C between the halves", async (test) => {
    const { env, mails, rules, seatOf, seats, url } = await startTeam(test, { expired: 2, live: 0 })
    const [id = "", other = ""] = seats.expired.map(({ id }) => id)
    const { arrived, url: between } = await startRecordingProxy(test, url)
    await rules({ method: "DELETE", delay_ms: 1000 })
    // Two lists and the revocation, whose answer is delayed
    const busy = start(
      ["reissue", id, other, ...where, "--yes", "--json"],
      { ...env, POLAR_API_URL: between },
      arrived(3)
    )
    const { code, inTime, stderr, stdout } = await stopInTime(await busy, "SIGINT")
    assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
    const lines = linesOf(stdout)
    assert.deepEqual(
      lines.map(({ error, id, outcome }) => [id, outcome, error._tag]),
      [
        [id, "unknown", "ReissueIncomplete"],
        [other, "not_begun", "NotBegun"]
      ]
    )
    assert.match(stderr, /^Interrupted\.\nOf 2: 0 reissued, 0 failed, 1 unknown, 1 not begun\.$/m)
    await vi.waitFor(async () => assert.strictEqual((await seatOf(id))?.status, "revoked"), {
      timeout: 5000,
      interval: 50
    })
    assert.deepEqual(await mails(), [])
    await rules()
    const byHand = await run(readAssignCommand(stderr), env)
    assert.strictEqual(byHand.code, 0, byHand.stderr)
    assert.strictEqual((await seatOf(id))?.email, "expired0@acme.com")
  })

  it("finishes the interrupted reissue of an earlier command with the same journal", async (test) => {
    const { claimAll, env, mails, rules, seatOf, seats, url } = await startTeam(test, { expired: 2, live: 0 })
    const [id = "", other = ""] = seats.expired.map(({ id }) => id)
    const { arrived, url: between } = await startRecordingProxy(test, url)
    const journal = ["--journal", await temporaryFile(test)]
    await rules({ method: "DELETE", times: 1, delay_ms: 1000 })
    const busy = start(["reissue", id, ...where, ...journal], { ...env, POLAR_API_URL: between }, arrived(3))
    assert.strictEqual((await stopInTime(await busy, "SIGINT")).code, 130)
    await vi.waitFor(async () => assert.strictEqual((await seatOf(id))?.status, "revoked"), {
      timeout: 5000,
      interval: 50
    })
    const { code, stderr, stdout } = await run(["reissue", other, ...where, ...journal], env)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.match(stdout, /^\S+: reissued to expired0@acme\.com .*\n\S+: reissued to expired1@acme\.com .*\n$/)
    assert.deepEqual(
      (await mails()).map(({ to }) => to),
      ["expired0@acme.com", "expired1@acme.com"]
    )
    assert.strictEqual(await claimAll(), 2)
  })

  it("finishes its own reissue when it runs again with the same journal, and mails once", async (test) => {
    const { env, mails, requests, rules, seats } = await startTeam(test, { expired: 2, live: 0 })
    const [id = "", other = ""] = seats.expired.map(({ id }) => id)
    const journal = ["--journal", await temporaryFile(test), "--json"]
    await rules({ method: "POST", path: portal, status: 503, headers: {}, body: "Service Unavailable" })
    assert.strictEqual((await run(["reissue", id, ...where, ...journal], env)).code, 1)

    // A command for another seat cannot finish it either, and reports both seats
    const second = await run(["reissue", other, ...where, ...journal], env)
    assert.strictEqual(second.code, 1)
    assert.deepEqual(
      linesOf(second.stdout).map((line) => [line.id, line.outcome, line.error._tag]),
      [
        [id, "unknown", "ReissueIncomplete"],
        [other, "unknown", "ReissueIncomplete"]
      ]
    )
    await rules()
    const { code, stderr, stdout } = await run(["reissue", id, other, ...where, ...journal], env)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.deepEqual(
      linesOf(stdout).map(({ seat }) => seat.email),
      ["expired0@acme.com", "expired1@acme.com"]
    )
    assert.deepEqual(
      (await mails()).map(({ to }) => to),
      ["expired0@acme.com", "expired1@acme.com"]
    )
    assert.lengthOf(await requests("DELETE"), 2)
  })

  it.for(["expired", "claimed"] as const)(
    "does not take an earlier assignment with a lost answer for a new invitation once it is %s",
    async (state, test) => {
      const { claimAll, env, mails, rules, seats, url } = await startTeam(test, { expired: 1, live: 0 })
      const id = seats.expired[0]?.id ?? ""
      const args = ["reissue", id, ...where, "--journal", await temporaryFile(test)]
      const setClock = (hours: number) =>
        post(`${url}/_emulator/clock`, { now: new Date(Date.now() + hours * 3_600_000).toISOString() })
      const isMoved = state === "expired"
      if (isMoved) await setClock(-48)
      // The answer to the assignment is lost, and the list that would show the assignment fails. A clock that has moved
      // makes the client read the first list twice
      await rules(
        { method: "POST", path: portal, times: 1, drop: "after" },
        { method: "GET", path: portal, times: isMoved ? 3 : 2, delay_ms: 0 },
        { method: "GET", path: portal, status: 500, headers: {}, body: "Internal Server Error" }
      )
      assert.strictEqual((await run(args, env)).code, 1)
      assert.lengthOf(await mails(), 1)
      await rules()
      await setClock(0)
      if (state === "claimed") assert.strictEqual(await claimAll(), 1)
      const { code, stderr, stdout } = await run(args, env)
      if (state === "claimed") {
        assert.deepEqual({ code, stdout }, { code: 3, stdout: "" })
        assert.match(stderr, /not pending any more/)
      } else {
        assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
        assert.match(stdout, /reissued to expired0@acme\.com \(live, 24 h left\)/)
        assert.lengthOf(await mails(), 2)
      }
    }
  )

  it("finishes a reissue although a later one has ended meanwhile", async (test) => {
    const { env, mails, rules, seats } = await startTeam(test, { expired: 2, live: 0, revoked: 3, isMixed: true })
    const [one = "", other = ""] = seats.expired.map(({ id }) => id)
    const args = [...where, "--journal", await temporaryFile(test), "--yes", "--json"]
    const failure = { method: "POST", path: portal, status: 503, headers: {}, body: "Service Unavailable" }
    await rules(failure)
    await run(["reissue", one, ...args], env)
    await run(["reissue", other, ...args], env)
    await rules({ ...failure, times: 1 })
    assert.strictEqual((await run(["reissue", one, other, ...args], env)).code, 1)
    // Polar may have given the first seat to the second person, so the id alone does not tell whom this names
    await run(["reissue", one, ...args], env)
    assert.deepEqual(
      (await mails()).map(({ to }) => to),
      ["expired1@acme.com", "expired0@acme.com"]
    )
  })

  it("mails nobody twice within a minute with the same journal, and says when the next mail may leave", async (test) => {
    const { env, mails, seats } = await startTeam(test, { expired: 1, live: 0 })
    const id = seats.expired[0]?.id ?? ""
    const args = ["reissue", id, ...where, "--journal", await temporaryFile(test), "--json"]
    assert.strictEqual((await run(args, env)).code, 0)
    const { code, stderr, stdout } = await run(args, env)
    assert.strictEqual(code, 1)
    const [{ error, outcome }] = linesOf(stdout)
    assert.deepEqual([outcome, error._tag], ["failed", "MailedRecently"])
    assert.match(stderr, /try again from 20\S+Z on, or pass --again to mail at once\.$/m)
    assert.lengthOf(await mails(), 1)
  })

  it("prints the command that gives the seat back if the revocation has hit somebody else", async (test) => {
    const { env, mails, seatOf, seats, url } = await startTeam(test, { expired: 1, live: 0 })
    const id = seats.expired[0]?.id ?? ""
    const authorization = `Bearer ${env.POLAR_CUSTOMER_SESSION}`
    const ask = (method: string, path: string, body?: string) =>
      fetch(`${url}${path}`, {
        method,
        headers: { authorization, "content-type": "application/json" },
        ...(body === undefined ? {} : { body })
      })
    // Right before the revocation, an administrator gives the seat to somebody else
    const between = await startPassage(test, async (method, path, body) => {
      if (method === "DELETE") {
        await ask("DELETE", path)
        await ask("POST", portal, JSON.stringify({ subscription_id: subscription, email: "bob@acme.com" }))
      }
      return ask(method, path, body === "" ? undefined : body)
    })
    const { code, stderr, stdout } = await run(["reissue", id, ...where, "--json"], { ...env, POLAR_API_URL: between })
    assert.strictEqual(code, 1, stderr)
    const [{ error, outcome }] = linesOf(stdout)
    assert.deepEqual([outcome, error._tag], ["failed", "RevokedSomebodyElse"])
    assert.strictEqual((await seatOf(id))?.status, "revoked")
    const byHand = await run(readAssignCommand(stderr), env)
    assert.strictEqual(byHand.code, 0, byHand.stderr)
    assert.deepEqual(
      (await mails()).map(({ to }) => to),
      ["bob@acme.com", "bob@acme.com"]
    )
  })

  it("reports that nothing was done after Ctrl-C before the revocation", async (test) => {
    const { env, rules, seats, url } = await startTeam(test, { expired: 1, live: 0 })
    const { arrived, url: between } = await startRecordingProxy(test, url)
    await rules({ method: "GET", path: portal, times: 1, delay_ms: 0 }, { method: "GET", path: portal, delay_ms: 1500 })
    const busy = start(
      ["reissue", seats.expired[0]?.id ?? "", ...where, "--json"],
      { ...env, POLAR_API_URL: between },
      arrived(2)
    )
    const { code, inTime, stdout } = await stopInTime(await busy, "SIGINT")
    assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
    assert.strictEqual(linesOf(stdout)[0].outcome, "failed")
  })

  it("is the command that resend prints for a dead link", async (test) => {
    const { env, seats } = await startTeam(test, { expired: 1, live: 0 })
    const id = seats.expired[0]?.id ?? ""
    const { code, stderr } = await run(["resend", id], env)
    assert.strictEqual(code, 5)
    assert.match(
      stderr,
      new RegExp(
        `^${id}: the link in that mail is dead\\. .*polar-seats reissue ${id} --subscription ${subscription}\n$`
      )
    )
  })
})
