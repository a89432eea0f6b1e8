import { afterAll, assert, describe, it } from "vitest"
import { startPostgres } from "../../scripts/postgres.ts"
import { fourWorkers } from "../invitations/workers.ts"

const postgres = await startPostgres()
afterAll(postgres.stop)

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
})
