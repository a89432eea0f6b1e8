import { assert, it } from "vitest"
import { runFuzzer } from "./fuzz/campaign.ts"
import { fuzzers } from "./fuzz/fuzzers.ts"

it.each(fuzzers)("random %s find no fault", async (name, make) => {
  const fuzzer = await make()
  try {
    assert.isAbove(await runFuzzer(name, fuzzer, { cases: 2_000, seconds: 0.7, seed: "1" }), 0)
  } finally {
    await fuzzer.stop?.()
  }
})
