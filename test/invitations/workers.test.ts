import { afterAll, assert, describe, it } from "vitest"
import { startPostgres } from "../../scripts/postgres.ts"
import { fourWorkers } from "./workers.ts"

const postgres = await startPostgres()
afterAll(postgres.stop)

describe.skipIf(postgres.isMissing)(`on PostgreSQL${postgres.why}`, () => {
  // Enough people to stop workers in the middle of the run. test/long has 1,000 seats
  it(
    "four workers share a run and mail nobody twice, though two are stopped, one is killed, and the database restarts",
    { timeout: 90_000 },
    async () => {
      const { failed, inDoubt, mails } = await fourWorkers(postgres, {
        live: 120,
        expired: 60,
        claimed: 40,
        revoked: 20
      })
      assert.isAtLeast(mails, 180 - inDoubt - failed)
    }
  )
})
