import { afterAll, assert, describe, it } from "vitest"
import { startPostgres } from "../../scripts/postgres.ts"
import { fourWorkers, manyWorkers } from "../invitations/workers.ts"

const postgres = await startPostgres()
const small = await startPostgres({ max_connections: 25 })
const large = await startPostgres({ max_connections: 100 })
afterAll(() => Promise.all([postgres.stop(), small.stop(), large.stop()]))

describe.skipIf(postgres.isMissing)(`on PostgreSQL${postgres.why}`, () => {
  it(
    "four worker processes share one run and mail nobody twice, though two are stopped, one is killed, and the database restarts",
    { timeout: 120_000 },
    async () => {
      const figures = await fourWorkers(postgres, { live: 400, expired: 200, claimed: 300, revoked: 100 })
      console.log(figures)
      assert.isAtLeast(figures.mails, 600 - figures.inDoubt - figures.failed)
    }
  )

  for (const [database, connections] of [
    [large, 100],
    [small, 25]
  ] as const) {
    it(
      `twenty worker processes end together at a database with ${connections} connections, and mail everybody once`,
      { timeout: 180_000 },
      async () => {
        const began = performance.now()
        const { addresses, ended } = await manyWorkers(database.url, 20, {
          live: 400,
          expired: 100,
          claimed: 50,
          revoked: 50
        })
        console.log(`${connections} connections: ${Math.round(performance.now() - began)} ms`)
        for (const { code, stderr, stdout } of ended) assert.strictEqual(code, 0, stdout + stderr)
        assert.lengthOf(addresses, 500)
        assert.strictEqual(new Set(addresses).size, 500)
      }
    )
  }
})
