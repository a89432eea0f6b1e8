import { assert, it } from "vitest"
import { runFuzzer } from "../security/fuzz/campaign.ts"
import { fuzzers } from "../security/fuzz/fuzzers.ts"

const cases = Number(process.env["CASES"] ?? 50_000)

it.each(fuzzers)("50,000 random %s find no fault", { timeout: 3_600_000 }, async (name, make) => {
  const fuzzer = await make()
  try {
    const ran = await runFuzzer(name, fuzzer, { cases, seconds: Infinity, seed: String(Date.now()) })
    assert.strictEqual(ran, process.env["CASE"] === undefined ? cases : ran)
  } finally {
    await fuzzer.stop?.()
  }
})
