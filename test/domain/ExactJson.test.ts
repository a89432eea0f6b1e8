import { assert, describe, it } from "@effect/vitest"
import { entriesOf, holdsExactly, inexactKeys, isExact, mapNumbers, parseFinite } from "@polar-seats/domain/ExactJson"
import { Schema } from "effect"
import { randomFrom, randomMetadata, unsafeKeys, withDecimals } from "../invitations/randomMetadata.ts"

describe("a number of JSON", () => {
  it.each([
    "0",
    "0.0",
    "0e5",
    "-1",
    "1.0",
    "1e2",
    "100E-2",
    "0.30000000000000004",
    "5e-324",
    "9007199254740991",
    "1.50"
  ])("%s is held exactly", (number) => assert.isTrue(isExact(number)))

  it.each([
    "9007199254740992",
    "-9007199254740993",
    "12345678901234567890",
    "1e400",
    "-1e400",
    "1e-400",
    "1e300",
    "0.1000000000000000055511151231257827",
    "1.00000000000000000001",
    "-0",
    "-0.0",
    "-0e1"
  ])("%s is not", (number) => {
    assert.isFalse(isExact(number))
    assert.isFalse(holdsExactly(number))
    assert.isFalse(holdsExactly(`{"a":[true,{"b" : ${number}}]}`))
    assert.isTrue(holdsExactly(JSON.stringify({ [`":${number},`]: `:${number}` })), "within a string it is no number")
  })
})

describe("on random JSON", () => {
  const random = randomFrom(3)
  const texts = Array.from({ length: 2000 }, () => randomMetadata(random))

  it("names the keys that JavaScript changes", () => {
    for (const text of texts) {
      assert.deepEqual([...inexactKeys(text)].toSorted(), [...unsafeKeys(text)].toSorted(), text)
      assert.strictEqual(holdsExactly(text), unsafeKeys(text).length === 0, text)
    }
  })

  it("splits an object into the texts of its values, and changes nothing but numbers", () => {
    for (const text of texts) {
      const joined = entriesOf(text).map(([key, value]) => `${JSON.stringify(key)}:${value}`)
      assert.deepEqual(withDecimals(`{${joined.join(",")}}`), withDecimals(text))
      assert.strictEqual(
        mapNumbers(text, (number) => number),
        text
      )
      assert.deepEqual(
        JSON.parse(mapNumbers(text, () => "7")),
        JSON.parse(text, (_, value) => (typeof value === "number" ? 7 : value))
      )
    }
  })
})

it.prop("any JSON is split as JSON.parse reads it", [Schema.Array(Schema.Json)], ([value]) => {
  const spaced = JSON.stringify(value, null, 2)
  assert.deepEqual(
    entriesOf(spaced).map(([, item]) => JSON.parse(item) as unknown),
    JSON.parse(spaced)
  )
})

it("reads a number beyond the range of JavaScript as the largest or smallest one", () => {
  assert.deepEqual(parseFinite('[1e400,{"a":-1e999},1.5]'), [Number.MAX_VALUE, { a: -Number.MAX_VALUE }, 1.5])
})

// By the square of the length, each of these would take a minute
it.each([
  ["backslashes", (size: number) => `["${"\\\\".repeat(size)}"]`],
  ["escaped quotes", (size: number) => `["${'\\"'.repeat(size)}"]`],
  ["digits", (size: number) => `[${"1".repeat(size)}]`],
  ["zeros before a digit", (size: number) => `[0.${"0".repeat(size)}1]`],
  ["zeros after a digit", (size: number) => `[1.${"10".repeat(size)}]`],
  ["blanks", (size: number) => `[${" ".repeat(size)}1e400]`],
  ["short numbers", (size: number) => `[${"-0.5,".repeat(size)}-0]`],
  ["brackets", (size: number) => `[${"[".repeat(size)}1e5${"]".repeat(size)}]`]
])("takes time in proportion to the length of %s", (_, textOf) => {
  const start = performance.now()
  const text = textOf(200_000)
  holdsExactly(text)
  entriesOf(text)
  inexactKeys(`{"a":${text}}`)
  assert.isBelow(performance.now() - start, 4000)
})
