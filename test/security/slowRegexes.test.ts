import { assert, describe, it } from "vitest"
import { findSlowAttack } from "./patterns/growth.ts"
import { loadPatterns, readSources } from "./patterns/sources.ts"

const sources = readSources()

describe("the attacks on a regex", () => {
  it.each([/\/+$/, /\s*\n\s*/g, /^(\w+\s?)*$/, /^a.*?b.*?c$/s, / '.*$/, /^[a-z]+(?:[a-z.]+)*@/, /^\s*\w?\s*<$/])(
    "find that %s is slow",
    (regex) => {
      assert.isDefined(findSlowAttack(regex))
    }
  )

  it.each([/(?<!\/)\/+$/, /^a+b+c+$/, /^[a-z]+(?:\.[a-z]+)*$/, /"[^"]*"/g])("find that %s is not", (regex) => {
    assert.isUndefined(findSlowAttack(regex))
  })
})

it("every regex of every package takes time in proportion to the text", { timeout: 60_000 }, async () => {
  const { late, made } = await loadPatterns(sources)
  const patterns = [...sources.flatMap(({ literals }) => literals), ...made]
  assert.isAbove(patterns.length, 100)
  // Nobody can try a regex that a file makes from a text of somebody else
  const slow = late.map(({ name }) => `${name} makes a regex when it is used`)
  for (const { regex, where } of patterns) {
    const attack = findSlowAttack(regex)
    if (attack !== undefined) slow.push(`${where} ${String(regex)}: ${JSON.stringify(attack)}`)
  }
  assert.deepEqual(slow, [])
})
