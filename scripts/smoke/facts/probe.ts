import type { Ask } from "../exchange.ts"
import { compare, type Expected, type Fact } from "../fact.ts"
import type { Run } from "../run.ts"

/** A fact about the answer to one request. */
export const probe = (
  name: string,
  says: string,
  means: string,
  ask: (run: Run) => Ask,
  expected: Expected | ((run: Run) => Expected)
): Fact => ({
  name,
  says,
  means,
  check: async (run) => compare(await run.send(ask(run)), typeof expected === "function" ? expected(run) : expected)
})
