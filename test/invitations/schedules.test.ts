import { assert, it } from "vitest"
import { brokenPromise } from "./schedules/brokenPromise.ts"

const count = Number(process.env["SCHEDULES"] ?? 200)
const first = Number(process.env["SEED"] ?? 1)

it(`keeps the promises S1 to S6 over ${count} random schedules`, { timeout: 60_000 + count * 1000 }, async () =>
  assert.isUndefined(await brokenPromise(count, first))
)
