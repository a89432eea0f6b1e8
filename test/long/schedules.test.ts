import { assert, it } from "vitest"
import { brokenPromise } from "../invitations/schedules/brokenPromise.ts"

const count = 10_000

it(`keeps the promises S1 to S6 over ${count} random schedules`, { timeout: 1_800_000 }, async () =>
  assert.isUndefined(await brokenPromise(count, Number(process.env["SEED"] ?? 1)))
)
