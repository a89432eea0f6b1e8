import { afterAll, assert, describe, it } from "vitest"
import { startPostgres } from "./postgres.ts"
import { fourWorkers } from "./workers.ts"

const postgres = await startPostgres()
afterAll(postgres.stop)

describe.skipIf(postgres.isMissing)(`on PostgreSQL${postgres.why}`, () => {
  // Enough people to kill workers in the middle of the run. test/long has 1,000 seats
  it(
    "four workers share a run and mail nobody twice, even if two of them are killed",
    { timeout: 90_000 },
    async () => {
      const { inDoubt, mails } = await fourWorkers(postgres.url, { live: 80, expired: 40, claimed: 60, revoked: 20 })
      assert.isAtLeast(mails, 120 - inDoubt)
    }
  )
})
