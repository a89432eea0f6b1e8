import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { whenEnded } from "../../scripts/launch.ts"
import { headers } from "../../scripts/smoke/facts/headers.ts"
import { facts } from "../../scripts/smoke/facts/index.ts"
import { routing } from "../../scripts/smoke/facts/routing.ts"
import type { Answer, Passing } from "./alteringProxy.ts"
import { alterations } from "./alterations.ts"
import {
  everyToken,
  factsThat,
  forAddresses,
  runHere,
  runSmoke,
  startSmoke,
  startTeam,
  usual,
  withoutSecrets
} from "./runSmoke.ts"
import { addresses, organization, session, subscription } from "./world.ts"

let team: Awaited<ReturnType<typeof startTeam>>
beforeAll(async () => {
  team = await startTeam()
})
afterAll(() => team.stop())
beforeEach(() => team.reset())

const onEmulator = () => ({ ...everyToken, POLAR_API_URL: team.emulator })
const onProxy = () => ({ ...everyToken, POLAR_API_URL: team.proxy })

// A row that was revoked is revoked again, and its times are new
const withoutTimes = (seats: Awaited<ReturnType<typeof team.seats>>) =>
  seats.map((seat) => (seat.status === "revoked" ? { ...seat, ...revokedTimes } : seat))
const revokedTimes = { modified_at: "", claimed_at: "", revoked_at: "", invitation_token_expires_at: "" }
/** The seats that were there before, and the rows that are new. */
const seatsNow = async (before: Awaited<ReturnType<typeof team.seats>>) => {
  const ids = new Set(before.map(({ id }) => id))
  const now = withoutTimes(await team.seats())
  return { known: now.filter(({ id }) => ids.has(id)), added: now.filter(({ id }) => !ids.has(id)) }
}
const isAsBefore = async (before: Awaited<ReturnType<typeof team.seats>>) => {
  const { added, known } = await seatsNow(before)
  assert.deepEqual(known, withoutTimes(before))
  assert.isTrue(
    added.every(({ status }) => status === "revoked"),
    "a new row is revoked"
  )
}

describe("pnpm smoke on the emulator", () => {
  it("finds that every fact holds, mails only the addresses of its arguments, and leaves the seats as they were", async () => {
    const before = await team.seats()
    const { code, stderr, stdout } = await runSmoke(usual, onEmulator())
    assert.notInclude(stdout, "DIFFERS")
    assert.include(stdout, `${facts.length} facts: ${facts.length} ok, 0 differ, 0 not checked.`)
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" })
    await isAsBefore(before)
    const mails = await team.mails()
    assert.deepEqual([...new Set(mails.map(({ to }) => to))], [addresses[0]])
    for (const { token } of mails) assert.notInclude(stdout, token)
    assert.approximately(await team.now(), Date.now(), 5000, "the clock is put back")
    assert.strictEqual(Reflect.get(Object(await team.settings()), "rate_limits"), "off")
  })

  it("prints a line of JSON for each fact, and the counts", async () => {
    const { code, stdout } = await runSmoke([...usual, "--json"], onEmulator())
    assert.deepEqual(
      factsThat(stdout, "ok"),
      facts.map(({ name }) => name)
    )
    const last = stdout.trimEnd().split("\n").at(-1) ?? ""
    assert.deepEqual(
      { code, counts: JSON.parse(last) },
      { code: 0, counts: { ok: facts.length, differs: 0, not_checked: 0 } }
    )
  })

  it("touches no seat and mails nobody without an address", async () => {
    const { code, stdout } = await runSmoke([...forAddresses(), "--json"], onEmulator())
    assert.strictEqual(code, 0)
    assert.deepEqual(await team.mails(), [])
    assert.include(factsThat(stdout, "not_checked"), "resend")
    assert.include(stdout, "no address may be mailed: pass --mail-to")
  })

  it.each([
    ["POLAR_CUSTOMER_SESSION", session, ["resend", "dead-link"], ["resend-by-organization", "role", "missing-scope"]],
    ["POLAR_ACCESS_TOKEN", organization, ["resend-by-organization", "dead-link", "role"], ["resend", "missing-scope"]]
  ])("checks what it can with %s alone, and says what it cannot", async (variable, token, checked, unchecked) => {
    const before = await team.seats()
    const { code, stdout } = await runSmoke([...usual, "--json"], { POLAR_API_URL: team.emulator, [variable]: token })
    assert.strictEqual(code, 0, stdout)
    assert.includeMembers([...factsThat(stdout, "ok")], checked)
    assert.includeMembers([...factsThat(stdout, "not_checked")], unchecked)
    await isAsBefore(before)
  })

  it("resends nobody else's dead link", async () => {
    const only = await runSmoke([...forAddresses("eve@acme.com"), "--json"], onEmulator())
    assert.include(factsThat(only.stdout, "ok"), "dead-link")
    assert.include(factsThat(only.stdout, "not_checked"), "assign")
    assert.deepEqual(
      (await team.mails()).map(({ to }) => to),
      ["eve@acme.com"]
    )
  })
})

describe("a fact of Polar that has changed", () => {
  it("has an alteration for every fact", () => {
    assert.deepEqual(
      Object.keys(alterations),
      facts.map(({ name }) => name)
    )
  })

  it("is not found on a proxy that changes nothing", async () => {
    const { code, stdout } = await runHere([...usual, "--json"], onProxy())
    assert.deepEqual({ code, ok: factsThat(stdout, "ok").length }, { code: 0, ok: facts.length }, stdout)
  })

  // Seats on one side, everything else on the other. test/long checks all facts each time
  const seats = facts.findIndex(({ name }) => name === "assign")
  const others = facts.length - headers.length
  const neighbours = (name: string) => {
    const index = facts.findIndex((fact) => fact.name === name)
    if (index < seats) return facts.slice(0, seats)
    return index < others ? facts.slice(seats, others) : [...routing, ...headers]
  }

  it.each(Object.entries(alterations))("is named: %s, and no other", async (name, makeAlter) => {
    await team.reset(makeAlter())
    const before = await team.seats()
    const { code, stderr, stdout } = await runHere([...usual, "--json"], onProxy(), neighbours(name))
    assert.deepEqual(
      { code, differs: factsThat(stdout, "differs"), unchecked: factsThat(stdout, "not_checked"), stderr },
      { code: 1, differs: [name], unchecked: [], stderr: "" },
      stdout
    )
    await isAsBefore(before)
  })

  it("is explained to people: a server that renews links", async () => {
    await team.reset((request, answer) =>
      request.method === "POST" && request.path.endsWith("/resend") && answer.status === 200
        ? {
            ...answer,
            text: answer.text.replace(
              /"invitation_token_expires_at":"[^"]*"/,
              `"invitation_token_expires_at":"${new Date(Date.now() + 86_400_000).toISOString()}"`
            )
          }
        : answer
    )
    const { code, stdout } = await runSmoke(usual, onProxy())
    assert.strictEqual(code, 1)
    assert.deepEqual(
      [...stdout.matchAll(/^DIFFERS +([\w-]+):/gm)].map(([, name]) => name),
      ["resend", "resend-by-organization", "dead-link"]
    )
    assert.include(stdout, "For us: Polar renews links now.")
    assert.match(stdout, /expected "20\d\d-.*\n +came +"20\d\d-/)
  })
})

describe("the wrong use of pnpm smoke", () => {
  const named = { POLAR_API_URL: "http://127.0.0.1:1", POLAR_CUSTOMER_SESSION: session }
  it.each<[string, ReadonlyArray<string>, Readonly<Record<string, string>>, RegExp]>([
    ["no server", usual, everyToken, /No server is named\. Set POLAR_ENVIRONMENT to sandbox, or POLAR_API_URL/],
    ["production", usual, { ...everyToken, POLAR_ENVIRONMENT: "production" }, /production, and mail real people/],
    ["production by its URL", usual, { ...everyToken, POLAR_API_URL: "https://API.polar.sh./v1" }, /production/],
    ["another environment", usual, { ...everyToken, POLAR_ENVIRONMENT: "staging" }, /neither sandbox nor production/],
    ["no token", usual, { POLAR_ENVIRONMENT: "sandbox" }, /both missing or empty/],
    ["no subscription", [], named, /No subscription is named/],
    [
      "no address",
      ["--mail-to", "ann", "--subscription", subscription],
      named,
      /--mail-to ann is not an e-mail address/
    ],
    ["an unknown flag", ["--sandbox"], named, /--sandbox.*See --help/],
    [
      "an unencrypted host",
      usual,
      { ...named, POLAR_API_URL: "http://polar-emulator:80" },
      /--allow-host polar-emulator/
    ],
    [
      "a broken token",
      usual,
      { ...named, POLAR_CUSTOMER_SESSION: "polar_cst_s3cret\nx" },
      /POLAR_CUSTOMER_SESSION contains/
    ],
    ["a server that is down", usual, named, /The server cannot be asked: .*ECONNREFUSED/]
  ])("is 2 and one line on stderr: %s", async (_, args, env, why) => {
    const { code, stderr, stdout } = await runHere(args, env)
    assert.deepEqual({ code, stdout, lines: stderr.trimEnd().split("\n").length }, { code: 2, stdout: "", lines: 1 })
    assert.match(stderr, why)
  })

  it("ends the process with 2", async () => {
    const { code, stderr, stdout } = await runSmoke(usual)
    assert.deepEqual({ code, stdout, named: stderr.includes("POLAR_API_URL") }, { code: 2, stdout: "", named: true })
  })

  it("names the token that the server refuses", async () => {
    const { code, stderr } = await runHere(usual, { ...onEmulator(), POLAR_ACCESS_TOKEN: "polar_oat_s3cret_unknown" })
    assert.strictEqual(code, 2)
    assert.match(stderr, /answered 401 when POLAR_ACCESS_TOKEN listed the seats/)
    assert.deepEqual(await team.mails(), [])
  })
})

describe("an interruption of pnpm smoke", () => {
  const wait = (millis: number) =>
    new Promise<void>((resolve) => {
      setTimeout(resolve, millis).unref()
    })
  /** Interrupts the command at a moment. Its answer is late, and so are the later ones if `isSlow`. */
  const interrupt = async (isMoment: (request: Passing, answer: Answer) => boolean, delay: number, isSlow = false) => {
    let told = Number.NaN
    let stop = () => {}
    await team.reset(async (request, answer) => {
      if (Number.isNaN(told) && isMoment(request, answer)) {
        told = performance.now()
        stop()
        await wait(delay)
      } else if (!Number.isNaN(told) && isSlow) await wait(delay)
      return answer
    })
    const command = startSmoke(usual, onProxy())
    stop = () => void command.child.kill("SIGINT")
    const ended = withoutSecrets(await whenEnded(command))
    return { ...ended, took: performance.now() - told }
  }
  const isAssignment = ({ method, path }: Passing, { status }: Answer) =>
    method === "POST" && path.endsWith("/seats") && status === 200

  it.each([
    ["an assignment is on its way, whose answer comes", 50],
    ["an assignment is on its way, whose answer comes too late", 5000]
  ])("takes less than a second and revokes what it assigned: %s", async (_, delay) => {
    const before = await team.seats()
    const { code, stderr, took } = await interrupt(isAssignment, delay)
    assert.strictEqual(code, 130)
    assert.isBelow(took, 1000)
    assert.include(stderr, "Interrupted.")
    assert.strictEqual(stderr.includes("was on its way"), delay > 1000, stderr)
    await isAsBefore(before)
  })

  it("takes less than a second if the server answers too late, and says that seats may be left", async () => {
    let assignments = 0
    const { code, stderr, took } = await interrupt(
      (request, answer) => isAssignment(request, answer) && ++assignments === 2,
      5000,
      true
    )
    assert.strictEqual(code, 130)
    assert.isBelow(took, 1000)
    assert.match(
      stderr,
      /Could not make sure that the seats are as they were \(.*\)\. Revoke these seats if they are assigned: [0-9a-f]/
    )
  })

  it("revokes what it assigned if nobody reads its output any more", async () => {
    const before = await team.seats()
    let leave = () => {}
    await team.reset((request, answer) => {
      if (isAssignment(request, answer)) leave()
      return answer
    })
    const command = startSmoke(usual, onProxy())
    leave = () => void command.child.stdout?.destroy()
    const { code } = await whenEnded(command)
    assert.strictEqual(code, 130)
    await isAsBefore(before)
  })

  it("puts the clock of the emulator back", async () => {
    const { code } = await interrupt(({ method, path }) => method === "POST" && path.endsWith("/clock"), 100)
    assert.strictEqual(code, 130)
    assert.approximately(await team.now(), Date.now(), 5000)
  })
})

it("waits as long as a rate limit says, asks again, and checks the answer beyond the limit", async () => {
  let met = 0
  await team.reset((_, answer) =>
    answer.status === 405 && ++met === 1
      ? { status: 429, headers: { ...answer.headers, "retry-after": "1", "content-type": undefined }, text: "" }
      : answer
  )
  const { code, stderr, stdout } = await runHere([...usual, "--json"], onProxy(), [...routing, ...headers])
  assert.deepEqual({ code, met, stderr }, { code: 0, met: 2, stderr: "A rate limit is met: waiting 1 s.\n" }, stdout)
  assert.include(factsThat(stdout, "ok"), "rate-limit")
})

it("says on stderr which seat it could not revoke, and ends with 1", async () => {
  await team.reset((request, answer) =>
    request.method === "GET" && request.path.includes("?subscription_id=") && answer.text.includes("smoke-two")
      ? { ...answer, status: 502, text: "<html>" }
      : answer
  )
  const { code, stderr } = await runSmoke(usual, onProxy())
  assert.strictEqual(code, 1)
  assert.match(
    stderr,
    /Could not make sure that the seats are as they were \(.*502\)\. Revoke these seats if they are assigned: [0-9a-f]/
  )
})
