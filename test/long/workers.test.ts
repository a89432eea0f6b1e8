import { afterAll, assert, describe, it } from "vitest"
import { startPostgres } from "../invitations/postgres.ts"
import { fourWorkers } from "../invitations/workers.ts"

const postgres = await startPostgres()
afterAll(postgres.stop)

describe.skipIf(postgres.isMissing)(`on PostgreSQL${postgres.why}`, () => {
  it(
    "four worker processes share one run, two of them killed on the way: the same figures",
    { timeout: 120_000 },
    async () => {
      const figures = await fourWorkers(postgres.url, { live: 400, expired: 200, claimed: 300, revoked: 100 })
      console.log(figures)
      assert.isAtLeast(figures.mails, 600 - figures.inDoubt)
    }
  )
})
