import { randomUUID } from "node:crypto"
import { assert, describe, it, type TestContext } from "vitest"
import { session, startAcme, subscription } from "./acme.ts"
import { post, run } from "./runCli.ts"

const hour = 3_600_000

// The commands run on the clock of this machine. Only the difference to Polar's clock counts, so the emulator's is moved
const differences = [
  ["the emulator is a day ahead", 24],
  ["the machine is an hour behind", 1],
  ["the machine is an hour ahead", -1]
] as const

/** A team whose links expire at these hours from now, by the clock of this machine, at a Polar whose clock differs. */
const startTeam = async (test: TestContext, ahead: number) => {
  const links = [-26, -0.5, 0.5, 26].map((expiresIn) => ({ id: randomUUID() as string, expiresIn }))
  const acme = await startAcme(
    links.length,
    links.map(({ expiresIn, id }, index) => ({
      id,
      status: "pending",
      email: `holder${index}@acme.com`,
      invitation_token: `s3cret-${id}`,
      invitation_token_expires_at: new Date(Date.now() + expiresIn * hour).toISOString()
    }))
  )
  test.onTestFinished(async () => void (await acme.stop()))
  const travel = (hours: number) => post(`${acme.url}/_emulator/clock`, { advance_seconds: hours * 3600 })
  await travel(ahead)
  /** Claims the link that was mailed last for each seat. Returns the seats whose link worked. */
  const claim = async () => {
    const tokens = new Map(
      (await acme.mails()).map((mail) => [mail.seat_id, new URL(mail.claim_url).searchParams.get("token")])
    )
    const worked: Array<string> = []
    for (const [id, invitation_token] of tokens) {
      const { status } = await fetch(`${acme.url}/v1/customer-seats/claim`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ invitation_token })
      })
      if (status === 200) worked.push(id)
    }
    return worked
  }
  const ids = links.map(({ id }) => id)
  const idsIf = (isLive: boolean, at: number) =>
    links.filter(({ expiresIn }) => expiresIn > at === isLive).map(({ id }) => id)
  const cli = (...args: ReadonlyArray<string>) =>
    run([...args], { POLAR_API_URL: acme.url, POLAR_CUSTOMER_SESSION: session })
  return { ...acme, ids, live: idsIf(true, ahead), dead: idsIf(false, ahead), travel, claim, cli }
}

const source = ["--subscription", subscription]
/** The ids of the lines that match. */
const idsOf = (text: string, matching: RegExp) =>
  text
    .split("\n")
    .filter((line) => matching.test(line))
    .map((line) => line.slice(0, 36))

describe.each(differences)("if %s", { timeout: 60_000 }, (_, ahead) => {
  it("list, resend and reissue say of each link what a claim of it then does", async (test) => {
    const { claim, cli, dead, ids, live } = await startTeam(test, ahead)
    const listed = await cli("list", ...source)
    assert.deepInclude(listed, { code: 0, stderr: "" })
    assert.sameMembers(idsOf(listed.stdout, /live, /), live)
    assert.sameMembers(idsOf(listed.stdout, /expired /), dead)
    const resent = await cli("resend", ...ids)
    assert.sameMembers(idsOf(resent.stdout, /\(live, /), live)
    assert.sameMembers(idsOf(resent.stderr, /link in that mail is dead/), dead)
    assert.sameMembers(await claim(), live)
    const reissued = await cli("reissue", ...source, "--yes", ...dead)
    assert.deepInclude(reissued, { code: 0, stderr: "" })
    assert.sameMembers(idsOf(reissued.stdout, /\(live, 2[34] h left\)/), dead)
    assert.sameMembers(await claim(), dead)
  })

  it("remind leaves the dead links out, or reissues exactly those, and every mailed link works", async (test) => {
    const { claim, cli, dead, ids, live, mails } = await startTeam(test, ahead)
    await cli("remind", ...source, "--yes")
    assert.sameMembers(
      (await mails()).map(({ seat_id }) => seat_id),
      live
    )
    const reissued = await cli("remind", ...source, "--yes", "--on-expired", "reissue")
    assert.sameMembers(idsOf(reissued.stdout, /reissued to .*\(live, /), dead)
    assert.sameMembers(await claim(), ids)
  })
})
