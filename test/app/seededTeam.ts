import { randomUUID } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, type TestContext } from "vitest"
import { session, startAcme } from "./acme.ts"
import { get, post } from "./runCli.ts"

const hours = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString()

/** The number of seats of each kind. */
interface Kinds {
  readonly live: number
  readonly expired?: number
  readonly claimed?: number
  readonly revoked?: number
  /** Whether Polar lists the seats of all kinds mixed. If not, it lists one kind after the other. */
  readonly isMixed?: boolean
}

/** A path for a file that is deleted after the test. */
export const temporaryFile = async (test: TestContext) => {
  const directory = await mkdtemp(join(tmpdir(), "polar-seats-"))
  test.onTestFinished(() => rm(directory, { recursive: true }))
  return join(directory, "journal")
}

/** Starts an emulator with seats of each kind, which ends with the test. */
export const startTeam = async (
  test: TestContext,
  { claimed = 0, expired = 0, isMixed = false, live, revoked = 0 }: Kinds
) => {
  const some = (count: number, kind: string, fields: (id: string) => Readonly<Record<string, unknown>>) =>
    Array.from({ length: count }, (_, index) => {
      const id = randomUUID() as string
      return { id, email: `${kind}${index}@acme.com`, ...fields(id) }
    })
  const pending = (until: string) => (id: string) => ({
    status: "pending",
    invitation_token: `s3cret-${id}`,
    invitation_token_expires_at: until
  })
  const seats = {
    live: some(live, "live", pending(hours(20))),
    expired: some(expired, "expired", pending(hours(-2))),
    claimed: some(claimed, "claimed", () => ({ status: "claimed", claimed_at: hours(-3) })),
    revoked: some(revoked, "revoked", () => ({ status: "revoked", email: null, customer_id: null }))
  }
  const byKind = Object.values(seats).flat()
  const all = isMixed ? byKind.toSorted((one, other) => (one.id < other.id ? -1 : 1)) : byKind
  const acme = await startAcme(all.length, all)
  test.onTestFinished(async () => void (await acme.stop()))
  const rules = (...rules: ReadonlyArray<Readonly<Record<string, unknown>>>) =>
    post(`${acme.url}/_emulator/faults`, { rules })
  const requests = async (method: string) => {
    const all = (await get(`${acme.url}/_emulator/requests`)) as ReadonlyArray<{ method: string; path: string }>
    return all.filter((each) => each.method === method)
  }
  /** Claims every link that was mailed, and returns how many of the links worked. */
  const claimAll = async () => {
    const mails = await acme.mails()
    const claims = mails.map(async ({ claim_url }) => {
      const invitation_token = new URL(claim_url).searchParams.get("token")
      const response = await fetch(`${acme.url}/v1/customer-seats/claim`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ invitation_token })
      })
      await response.text()
      return response.status
    })
    const statuses = await Promise.all(claims)
    return statuses.filter((status) => status === 200).length
  }
  const emails = (which: ReadonlyArray<{ readonly email: string | null }>) => which.map(({ email }) => email)
  const env = { POLAR_API_URL: acme.url, POLAR_CUSTOMER_SESSION: session }
  return { ...acme, seats, rules, requests, claimAll, emails, env }
}

/** Reads the lines of JSON and their summary, and asserts that the summary agrees with the lines. */
export const readLines = (stdout: string) => {
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
  const { summary, ...rest } = lines.pop()
  // A seat that was revoked may have another holder by now
  const names = lines.map(({ address, id }) => `${id} ${address}`)
  assert.strictEqual(new Set(names).size, names.length, "a line for each seat")
  const counts = { resent: 0, reissued: 0, skipped: 0, failed: 0, unknown: 0, not_begun: 0 }
  for (const { outcome } of lines) counts[outcome as keyof typeof counts]++
  assert.deepEqual(summary, counts)
  const idsOf = (outcome: string): ReadonlyArray<string> =>
    lines.filter((line) => line.outcome === outcome).map(({ id }) => id)
  assert.sameMembers(rest.failed, [...idsOf("failed")])
  assert.sameMembers(rest.unknown, [...idsOf("unknown")])
  return { lines, summary, rest, idsOf }
}
