import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { dirname } from "node:path"
import { assert, describe, it, vi } from "vitest"
import { powerless, session, startAcme, subscription } from "./acme.ts"
import { summaryOf } from "./jsonLines.ts"
import { startPassage, startRecordingProxy } from "./recordingProxy.ts"
import { readLines, startTeam, temporaryFile } from "./seededTeam.ts"
import { run, start, stopInTime } from "./runCli.ts"

const remind = ["remind", "--subscription", subscription]
/** Without a pace, and without a question. */
const atOnce = ["--pace", "0", "--yes"]

it(
  "mails the 600 pending seats of 1,000 once each with links that work, and then nobody",
  { timeout: 120_000 },
  async (test) => {
    const acme = await startTeam(test, { live: 400, expired: 200, claimed: 300, revoked: 100 })
    const journal = await temporaryFile(test)
    const args = [...remind, ...atOnce, "--on-expired", "reissue", "--journal", journal, "--json"]

    // 600 mails with a journal take long on a busy machine
    const patient = { timeout: 55_000 }

    const first = await run(args, acme.env, patient)
    assert.strictEqual(first.code, 0, first.stderr)
    const { rest, summary } = readLines(first.stdout)
    assert.deepEqual(summary, { resent: 400, reissued: 200, skipped: 400, failed: 0, unknown: 0, not_begun: 0 })
    assert.deepInclude(rest, { skipped: { not_pending: 400 }, interrupted: false })
    const mails = await acme.mails()
    assert.sameMembers(
      mails.map(({ to }) => to),
      acme.emails([...acme.seats.live, ...acme.seats.expired]) as Array<string>
    )
    assert.strictEqual(mails.length, 600)

    const second = await run(args, acme.env, patient)
    assert.strictEqual(second.code, 0, second.stderr)
    assert.deepInclude(readLines(second.stdout).rest.skipped, { mailed_recently: 600 })
    assert.match(second.stderr, /600 mailed within the last 24 hours/)
    assert.strictEqual((await acme.mails()).length, 600)
    assert.strictEqual(await acme.claimAll(), 600)
  }
)

// Each test starts several processes, which takes long on a busy machine
const timeout = 60_000

describe.concurrent("remind", { timeout }, () => {
  it("prints the outcome of each seat, and what to do about seats that were not mailed", async (test) => {
    const { env, mails, seats } = await startTeam(test, { live: 1, expired: 1, claimed: 1 })
    const { code, stderr, stdout } = await run([...remind, ...atOnce], env)
    assert.strictEqual(code, 0)
    assert.sameMembers(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.replace(/since .*Z$/, "since then")),
      [
        `${seats.live[0]?.id}: resent to live0@acme.com (live, 20 h left)`,
        `${seats.expired[0]?.id}: skipped expired0@acme.com: its link has been dead since then`,
        `${seats.claimed[0]?.id}: skipped claimed0@acme.com: it is claimed or revoked`
      ]
    )
    assert.match(stderr, /^To mail: 1 person, 1 with the link they have and 0 with a new one\.$/m)
    assert.match(stderr, /^Of 3 seats: 1 resent, 0 reissued, 2 skipped, 0 failed, 0 unknown, 0 not begun\.$/m)
    assert.match(stderr, /--on-expired reissue/)
    assert.strictEqual((await mails()).length, 1)
  })

  it("prints whom it would mail with --dry-run, mails nobody and changes nothing", async (test) => {
    const { env, listed, mails, requests, seats } = await startTeam(test, { live: 3, expired: 2, claimed: 1 })
    const before = await listed()
    const journal = await temporaryFile(test)
    const args = [...remind, "--dry-run", "--on-expired", "reissue", "--journal", journal, "--json"]
    const { code, stderr, stdout } = await run(args, env)
    assert.strictEqual(code, 0, stderr)
    const { lines, rest } = readLines(stdout)
    const would = (what: string) => lines.filter((line) => line.would === what).map(({ id }) => id)
    assert.sameMembers(
      would("resend"),
      seats.live.map(({ id }) => id)
    )
    assert.sameMembers(
      would("reissue"),
      seats.expired.map(({ id }) => id)
    )
    assert.deepInclude(rest, { skipped: { dry_run: 5, not_pending: 1 }, people: 5 })
    assert.match(stderr, /nobody was mailed\. To mail: 5 people, 3 with .* and 2 with a new one/)
    assert.deepEqual(await mails(), [])
    assert.deepEqual([...(await requests("POST")), ...(await requests("DELETE"))], [])
    assert.deepEqual(await listed(), before)
    assert.deepEqual(await readdir(dirname(journal)), [])
  })

  it("reads a journal that it may not write with --dry-run, and leaves the file and its directory as they are", async (test) => {
    const { env, mails } = await startTeam(test, { live: 2 })
    const journal = await temporaryFile(test)
    const args = [...remind, "--journal", journal, "--json"]
    assert.strictEqual((await run([...args, "--to", "live0@acme.com"], env)).code, 0)
    const directory = dirname(journal)
    await chmod(journal, 0o444)
    await chmod(directory, 0o555)
    test.onTestFinished(() => chmod(directory, 0o755))
    const look = async () => {
      const { ctimeMs, ino, mode, mtimeMs } = await stat(journal)
      return {
        ctimeMs,
        ino,
        mode,
        mtimeMs,
        names: await readdir(directory),
        changedAt: (await stat(directory)).mtimeMs
      }
    }
    const before = await look()
    assert.deepEqual(before.names, ["journal"])
    const { code, stderr, stdout } = await run([...args, "--dry-run"], env)
    assert.strictEqual(code, 0, stderr)
    assert.deepEqual(readLines(stdout).rest.skipped, { dry_run: 1, mailed_recently: 1 })
    assert.deepEqual(await look(), before)
    assert.lengthOf(await mails(), 1)
  })

  it("does not wait with --dry-run for the process that uses the journal", async (test) => {
    const { env, rules, url } = await startTeam(test, { live: 1 })
    const { arrivedOf, url: between } = await startRecordingProxy(test, url)
    const args = [...remind, ...atOnce, "--journal", await temporaryFile(test), "--json"]
    await rules({ method: "POST", delay_ms: 60_000 })
    const busy = await start(args, { ...env, POLAR_API_URL: between }, arrivedOf(/^POST/, 1))
    const { code, stderr, stdout } = await run([...args, "--dry-run"], env)
    assert.strictEqual(code, 0, stderr)
    assert.deepEqual(readLines(stdout).summary.unknown, 1)
    await busy.stop("SIGKILL")
  })

  it("reports a mail that went to somebody else, and mails neither person in the next run", async (test) => {
    const { env, mails, seats, url } = await startTeam(test, { live: 1 })
    const id = seats.live[0]?.id ?? ""
    const portal = "/v1/customer-portal/seats"
    const ask = (method: string, path: string, body = "") =>
      fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${env.POLAR_CUSTOMER_SESSION}`, "content-type": "application/json" },
        ...(body === "" ? {} : { body })
      })
    // Right before the resend, an administrator gives the seat to somebody else
    const between = await startPassage(test, async (method, path, body) => {
      if (path.endsWith("/resend")) {
        await ask("DELETE", `${portal}/${id}`)
        await ask("POST", portal, JSON.stringify({ subscription_id: subscription, email: "bob@acme.com" }))
      }
      return ask(method, path, body)
    })
    const args = [...remind, ...atOnce, "--journal", await temporaryFile(test), "--json"]
    const first = await run(args, { ...env, POLAR_API_URL: between })
    assert.strictEqual(first.code, 1, first.stderr)
    const [line] = readLines(first.stdout).lines
    assert.deepInclude({ ...line, ...line.error }, { id, outcome: "failed", _tag: "MailedSomebodyElse" })
    assert.match(first.stderr, /^failed: /m)
    const second = await run(args, env)
    assert.deepEqual(readLines(second.stdout).rest.skipped, { mailed_recently: 1 })
    assert.deepEqual(
      (await mails()).map(({ to }) => to),
      ["bob@acme.com", "bob@acme.com"]
    )
  })

  it.for(["999999999", "Fri, 01 Jan 2100 00:00:00 GMT"])(
    "fails a seat at once whose next try is years away (Retry-After: %s), and says so",
    async (years, test) => {
      const { env, mails, rules, seats } = await startTeam(test, { live: 3 })
      const id = seats.live[1]?.id ?? ""
      const path = `/v1/customer-portal/seats/${id}/resend`
      await rules({ method: "POST", path, status: 429, headers: { "retry-after": years }, body: "" })
      const { code, stderr, stdout } = await run([...remind, ...atOnce, "--json"], env)
      assert.strictEqual(code, 1, stderr)
      const { lines, summary } = readLines(stdout)
      assert.deepInclude(summary, { resent: 2, failed: 1, unknown: 0, not_begun: 0 })
      const failed = lines.find(({ outcome }) => outcome === "failed")
      assert.deepInclude({ ...failed, ...failed.error }, { id, _tag: "RateLimited" })
      assert.match(failed.error.message, /Wait \d{5}d .*before the next one/)
      assert.lengthOf(await mails(), 2)
    }
  )

  it("mails nobody if the list of seats is years away, and says so", async (test) => {
    const { env, mails, rules } = await startTeam(test, { live: 1 })
    await rules({ method: "GET", status: 429, headers: { "retry-after": "999999999" }, body: "" })
    const { code, stderr } = await run([...remind, ...atOnce], env)
    assert.strictEqual(code, 3, stderr)
    assert.match(stderr, /Wait \d{5}d .*before the next one\. Nobody was mailed\.$/m)
    assert.deepEqual(await mails(), [])
  })

  it("mails several people only with --yes if there is no terminal, and one person without a question", async (test) => {
    const { env, mails } = await startTeam(test, { live: 2, expired: 1 })
    const many = await run(remind, env)
    assert.deepEqual({ code: many.code, stdout: many.stdout }, { code: 2, stdout: "" })
    assert.match(many.stderr, /^Mail 2 people\? .*pass --yes\.$/m)
    assert.deepEqual(await mails(), [])
    const one = await run([...remind, "--to", "live1@acme.com"], env)
    assert.strictEqual(one.code, 0, one.stderr)
    assert.strictEqual((await mails()).length, 1)
  })

  it("mails only people that --to and --older-than select", async (test) => {
    // An invitation with 20 of 24 hours left is 4 hours old. One that expired 2 hours ago is 26 hours old
    const { emails, env, mails, seats } = await startTeam(test, { live: 12, expired: 3 })
    const asked = async (...flags: ReadonlyArray<string>) => {
      const { code, stdout } = await run([...remind, ...atOnce, "--dry-run", "--json", ...flags], env)
      assert.strictEqual(code, 0)
      return readLines(stdout).lines.flatMap(({ address, reason }) => (reason === "dry_run" ? [address] : []))
    }
    const [dotted, two, none, young, old, oldest] = await Promise.all([
      asked("--to", "LIVE1?@*.com"),
      asked("--to", "live2@*", "--to", "live3@*"),
      asked("--to", "live2"),
      asked("--older-than", "5h"),
      asked("--older-than", "210m"),
      asked("--older-than", "1 day", "--on-expired", "resend-anyway")
    ])
    assert.sameMembers(dotted, ["live10@acme.com", "live11@acme.com"])
    assert.sameMembers(two, ["live2@acme.com", "live3@acme.com"])
    assert.deepEqual([none, young], [[], []])
    assert.sameMembers(old, emails(seats.live))
    assert.sameMembers(oldest, emails(seats.expired))
    assert.deepEqual(await mails(), [])
  })

  it("finds people by any spelling of their address, and mails one who holds two spellings once", async (test) => {
    const seats = ["josé@bücher.example", "JOSE\u0301@xn--bcher-kva.example", "ann@acme.com"].map((email, index) => ({
      id: randomUUID(),
      email,
      status: "pending",
      invitation_token: `s3cret-${index}`
    }))
    const acme = await startAcme(3, seats)
    test.onTestFinished(async () => void (await acme.stop()))
    const asked = async (pattern: string, ...flags: ReadonlyArray<string>) => {
      const env = { POLAR_API_URL: acme.url, POLAR_CUSTOMER_SESSION: session }
      const { code, stderr, stdout } = await run([...remind, ...atOnce, "--json", "--to", pattern, ...flags], env)
      assert.strictEqual(code, 0, stderr)
      return readLines(stdout).lines.flatMap(({ outcome, reason }) =>
        reason === "filtered_out" ? [] : [reason ?? outcome]
      )
    }
    for (const pattern of ["jos?@xn--bcher-kva.EXAMPLE", " JOSÉ@bücher。example"]) {
      assert.deepEqual(await asked(pattern, "--dry-run"), ["dry_run", "dry_run"], pattern)
    }
    assert.sameMembers(await asked("josé@bücher.example"), ["resent", "mailed_recently"])
    assert.lengthOf(await acme.mails(), 1)
  })

  it.for([
    [[], /at least one --subscription or --order/],
    [["--subscription", "acme"], /subscription/],
    [["--order", subscription, "--older-than", "soon"], /36h/],
    [["--order", subscription, "--on-expired", "ignore"], /resend-anyway/],
    [["--order", subscription, "--concurrency", "0"], /concurrency/],
    [["--order", subscription, "--pace", "-1"], /pace/]
  ] as const)("ends with 2 for %s, and sends nothing", async ([flags, why]) => {
    // Nothing listens on this port, so a command that sends a request ends with 1
    const env = { POLAR_API_URL: "http://127.0.0.1:1", POLAR_CUSTOMER_SESSION: "polar_cst_s3cret" }
    const { code, stderr, stdout } = await run(["remind", ...flags], env)
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" })
    assert.match(stderr, why)
  })

  it("ends before it mails anybody if a source does not exist", async (test) => {
    const { env, mails } = await startTeam(test, { live: 2 })
    const { code, stderr, stdout } = await run([...remind, ...atOnce, "--order", subscription, "--json"], env)
    assert.strictEqual(code, 3)
    assert.strictEqual(summaryOf(stdout).error._tag, "NotFound")
    assert.match(stderr, /There is no order .* Nobody was mailed\.$/m)
    assert.deepEqual(await mails(), [])
  })

  it("ends with 3 if Polar refuses the token, and prints which seats were mailed", async (test) => {
    const { env, mails, rules } = await startTeam(test, { live: 40 })
    const refusal = {
      status: 401,
      headers: { "content-type": "application/json" },
      body: '{"error":"Unauthorized","detail":"Unauthorized"}'
    }
    await rules({ method: "POST", times: 10, delay_ms: 0 }, { method: "POST", ...refusal })
    const { code, stderr, stdout } = await run([...remind, ...atOnce, "--concurrency", "2", "--json"], env)
    assert.strictEqual(code, 3)
    const { idsOf, rest } = readLines(stdout)
    assert.strictEqual(rest.error._tag, "Unauthorized")
    assert.include(stderr, rest.error.message)
    assert.match(rest.error.message, / with the token of POLAR_CUSTOMER_SESSION\.$/)
    assert.deepEqual([idsOf("resent").length, idsOf("not_begun").length], [10, 30])
    assert.strictEqual((await mails()).length, 10)
  })

  it("ends with 3 if the token may not list seats", async (test) => {
    const { url } = await startTeam(test, { live: 1 })
    const { code, stderr } = await run([...remind, ...atOnce], { POLAR_API_URL: url, POLAR_ACCESS_TOKEN: powerless })
    assert.strictEqual(code, 3)
    assert.match(stderr, /scope.* Nobody was mailed\.$/m)
  })

  it("continues after a seat that fails or is in doubt, and ends with 1", async (test) => {
    const { env, mails, rules, seats } = await startTeam(test, { live: 10 })
    const path = (index: number) => `/v1/customer-portal/seats/${seats.live[index]?.id}/resend`
    await rules(
      { method: "POST", path: path(2), status: 500, headers: {}, body: "Internal Server Error" },
      { method: "POST", path: path(3), drop: "after" },
      {
        method: "POST",
        path: path(4),
        status: 400,
        headers: { "content-type": "application/json" },
        body: '{"error":"InvalidInvitationToken","detail":"Invalid or expired invitation token"}'
      },
      { method: "POST", path: path(5), status: 429, times: 1, headers: { "retry-after": "1" }, body: "" }
    )
    const { code, stderr, stdout } = await run([...remind, ...atOnce, "--json"], env)
    assert.strictEqual(code, 1)
    const { idsOf, summary } = readLines(stdout)
    assert.deepEqual(summary, { resent: 7, reissued: 0, skipped: 0, failed: 1, unknown: 2, not_begun: 0 })
    assert.sameMembers([...idsOf("unknown")], [seats.live[2]?.id, seats.live[3]?.id] as Array<string>)
    assert.deepEqual(idsOf("failed"), [seats.live[4]?.id ?? ""])
    assert.match(stderr, new RegExp(`^failed: ${seats.live[4]?.id}$`, "m"))
    assert.match(stderr, /^Seats in doubt may have been mailed/m)
    assert.strictEqual((await mails()).length, 8)
  })

  it("skips a seat that is revoked between the plan and the run", async (test) => {
    const { env, mails, rules, seats, url } = await startTeam(test, { live: 2 })
    const { arrived, url: between } = await startRecordingProxy(test, url)
    await rules({ method: "GET", times: 1, delay_ms: 0 }, { method: "GET", times: 1, delay_ms: 1500 })
    const running = run([...remind, ...atOnce, "--json"], { ...env, POLAR_API_URL: between })
    await arrived(2)
    const id = seats.live[0]?.id ?? ""
    // Not by a command, which on a busy machine takes longer to start than the list is delayed
    const authorization = `Bearer ${env.POLAR_CUSTOMER_SESSION}`
    const revoked = await fetch(`${url}/v1/customer-portal/seats/${id}`, {
      method: "DELETE",
      headers: { authorization }
    })
    assert.strictEqual(revoked.status, 200)
    const { code, stderr, stdout } = await running
    assert.strictEqual(code, 0, stderr)
    const { lines, rest, summary } = readLines(stdout)
    assert.deepEqual(summary, { resent: 1, reissued: 0, skipped: 1, failed: 0, unknown: 0, not_begun: 0 })
    assert.deepEqual(rest.skipped, { not_pending: 1 })
    assert.deepEqual(
      lines.filter((line) => line.id === id).map(({ outcome, reason }) => [outcome, reason]),
      [["skipped", "not_pending"]]
    )
    assert.lengthOf(await mails(), 1)
  })

  it("reports a person once whose address changed after the plan, even if the run stops", async (test) => {
    const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString()
    const [one, two] = ["30c81c46-a35c-4411-a5fb-c1191a0a52ef", "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"]
    const seat = (id: string, email: string, end: string) => ({
      id,
      email,
      customer_email: email,
      invitation_token_expires_at: end,
      status: "pending",
      seat_metadata: {},
      created_at: at(-90),
      modified_at: null,
      claimed_at: null,
      revoked_at: null,
      member_id: null,
      member: null,
      subscription_id: subscription,
      order_id: null,
      customer_id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
    })
    const ofAnn = { id: "4b0d7c62-93f1-4e7a-8c25-6a1f0e9d3b58", created_at: at(-90), modified_at: null, name: null }
    // Polar mails a seat without an address to the address of its member
    const annsSeat = (email: string, end: string) => ({
      ...seat(one, email, end),
      email: null,
      member_id: ofAnn.id,
      member: {
        ...ofAnn,
        email,
        external_id: null,
        role: "member",
        customer_id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
      }
    })
    let lists = 0
    const server = createServer((request, response) => {
      const answer = (status: number, body: unknown) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
      if (request.method === "GET") {
        const ann = annsSeat(++lists < 3 ? "old@acme.com" : "new@acme.com", at(-2).slice(0, 14) + "00:00Z")
        answer(200, { seats: [ann, seat(two, "two@acme.com", at(20))], available_seats: 3, total_seats: 5 })
      } else if (request.url?.endsWith("/resend") === true) {
        // After the answer for the other seat
        setTimeout(() => answer(401, { error: "invalid_token", error_description: "The access token expired" }), 2000)
      } else if (request.method === "DELETE") {
        answer(200, { ...annsSeat("new@acme.com", at(-2)), status: "revoked" })
      } else answer(200, annsSeat("new@acme.com", at(24)))
    }).listen(0, "127.0.0.1")
    test.onTestFinished(() => void server.close())
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const env = { POLAR_API_URL: `http://127.0.0.1:${port}`, POLAR_CUSTOMER_SESSION: "polar_cst_s3cret" }
    const { code, stderr, stdout } = await run([...remind, ...atOnce, "--on-expired", "reissue", "--json"], env)
    assert.strictEqual(code, 3, stderr)
    const { lines, summary } = readLines(stdout)
    assert.deepEqual(
      lines.map(({ address, id, outcome }) => [id, address, outcome]),
      [
        [one, "new@acme.com", "reissued"],
        [two, "two@acme.com", "not_begun"]
      ]
    )
    assert.deepEqual(summary, { resent: 0, reissued: 1, skipped: 0, failed: 0, unknown: 0, not_begun: 1 })
    assert.match(stderr, new RegExp(`^reissued: ${one}\nnot begun: ${two}$`, "m"))
  })

  it("prints the command that gives the seat back after Ctrl-C between the halves of a reissue", async (test) => {
    const { env, rules, seatOf, seats, url } = await startTeam(test, { live: 0, expired: 1 })
    const id = seats.expired[0]?.id ?? ""
    const { arrived, url: between } = await startRecordingProxy(test, url)
    await rules({ method: "DELETE", delay_ms: 1000 })
    // Three lists (for the plan, the run and the seat) and the revocation, whose answer is delayed
    const args = [...remind, ...atOnce, "--on-expired", "reissue"]
    const busy = await start(args, { ...env, POLAR_API_URL: between }, arrived(4))
    const { code, inTime, stderr } = await stopInTime(busy, "SIGINT")
    assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
    assert.match(stderr, new RegExp(`^unknown: ${id}$`, "m"))
    const byHand = /polar-seats (assign .*)$/m.exec(stderr)?.[1] ?? ""
    await vi.waitFor(async () => assert.strictEqual((await seatOf(id))?.status, "revoked"), {
      timeout: 5000,
      interval: 50
    })
    const { code: given } = await run(byHand.split(" "), env)
    assert.strictEqual(given, 0)
    assert.strictEqual((await seatOf(id))?.email, "expired0@acme.com")
  })

  it("mails nobody if the file is no journal, and leaves the file as it is", async (test) => {
    const { env, mails } = await startTeam(test, { live: 1 })
    const file = await temporaryFile(test)
    await writeFile(file, "# Seats\n")
    const { code, stderr } = await run([...remind, ...atOnce, "--journal", file], env)
    assert.strictEqual(code, 2)
    assert.match(stderr, /is not a journal and was left unchanged/)
    assert.strictEqual(await readFile(file, "utf8"), "# Seats\n")
    assert.deepEqual(await mails(), [])
  })

  it.for([[[]], [["--json"]]] as const)(
    "ends within a second after Ctrl-C, and prints which seats were mailed, not mailed and in doubt %s",
    async ([flags], test) => {
      const { env, mails, requests, rules, seats, url } = await startTeam(test, { live: 100 })
      const { arrived, url: between } = await startRecordingProxy(test, url)
      await rules({ method: "POST", times: 30, delay_ms: 0 }, { method: "POST", times: 4, delay_ms: 1500 })
      const args = [...remind, ...atOnce, "--journal", await temporaryFile(test), "--concurrency", "4"]
      // Two lists, 30 requests that are answered at once, and 4 that are delayed
      const busy = await start([...args, ...flags], { ...env, POLAR_API_URL: between }, arrived(36))
      const { code, inTime, stderr, stdout } = await stopInTime(busy, "SIGINT")
      assert.deepEqual({ code, inTime }, { code: 130, inTime: true })
      assert.match(stderr, /^Of 100 seats: 30 resent, 0 reissued, 0 skipped, 0 failed, 4 unknown, 66 not begun\.$/m)
      // People read the first ten ids, and machines all of them
      const named = (name: string) => {
        const [, ids = "", more] = new RegExp(`^${name}: ([^…\n]*)(?: … and (\\d+) more)?$`, "m").exec(stderr) ?? []
        return { ids: ids.split(" "), more }
      }
      assert.deepEqual(
        ["resent", "unknown", "not begun"].map((name) => [named(name).ids.length, named(name).more]),
        [
          [10, "20"],
          [4, undefined],
          [10, "56"]
        ]
      )
      const mailed = (await mails()).map(({ seat_id }) => seat_id)
      const unknown = named("unknown").ids
      const resent = mailed.filter((id) => !unknown.includes(id))
      const notBegun = seats.live.map(({ id }) => id).filter((id) => !resent.includes(id) && !unknown.includes(id))
      assert.includeMembers(resent, named("resent").ids)
      assert.includeMembers(notBegun, named("not begun").ids)
      if (flags.length > 0) {
        const { idsOf, rest } = readLines(stdout)
        assert.isTrue(rest.interrupted)
        assert.deepEqual(
          [idsOf("resent"), idsOf("unknown"), idsOf("not_begun")].map((ids) => ids.toSorted()),
          [resent.toSorted(), unknown.toSorted(), notBegun.toSorted()]
        )
      }
      // The emulator did carry out the seats in doubt. After their answers, no other request is open
      await vi.waitFor(async () => assert.strictEqual((await requests("POST")).length, 34), {
        timeout: 5000,
        interval: 50
      })
      assert.sameMembers(
        (await mails()).map(({ seat_id }) => seat_id),
        [...resent, ...unknown]
      )

      // The same command continues from there
      const again = await run([...args, "--json"], env)
      assert.strictEqual(again.code, 1)
      const { idsOf, rest } = readLines(again.stdout)
      assert.sameMembers([...idsOf("resent")], notBegun)
      assert.sameMembers([...idsOf("unknown")], unknown)
      assert.deepEqual(rest.skipped, { mailed_recently: 30 })
      assert.strictEqual((await mails()).length, 100)
    }
  )

  it("mails nobody after Ctrl-C during the plan, and says so", async (test) => {
    const silent = await startRecordingProxy(test)
    const env = { POLAR_API_URL: silent.url, POLAR_CUSTOMER_SESSION: "polar_cst_s3cret" }
    const { code, inTime, stderr } = await stopInTime(
      await start([...remind, ...atOnce], env, silent.arrived(1)),
      "SIGINT"
    )
    assert.deepEqual({ code, inTime, stderr }, { code: 130, inTime: true, stderr: "Interrupted. Nobody was mailed.\n" })
  })
})
