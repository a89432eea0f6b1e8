import { assert, describe, it } from "@effect/vitest"
import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import { verdicts } from "../polar/emailAddresses.ts"

describe("EmailAddress", () => {
  const valid = verdicts.flatMap(({ address, normalized }) =>
    normalized === undefined ? [] : [{ address, normalized }]
  )

  it.each(valid)("$address and its spelling by Polar are the same", ({ address, normalized }) => {
    assert.isTrue(EmailAddress.isSame(address, normalized))
    assert.strictEqual(EmailAddress.canonicalise(address), normalized.toLowerCase())
    assert.strictEqual(EmailAddress.canonicalise(normalized), normalized.toLowerCase())
  })

  it("two addresses are the same exactly if Polar spells them alike, but for case", () => {
    for (const one of valid) {
      for (const other of valid) {
        const areAlike = one.normalized.toLowerCase() === other.normalized.toLowerCase()
        assert.strictEqual(
          EmailAddress.isSame(one.address, other.address),
          areAlike,
          `${JSON.stringify(one.address)} and ${JSON.stringify(other.address)}`
        )
      }
    }
  })

  it("no address that Polar refuses is the same as a valid one of somebody else", () => {
    // Polar never has the left ones, so that they name nobody is enough. A blank around an address does not matter
    for (const address of ["ann@acme.com/x", "ann@acme.com:80", "ann@acme.com?x", "ann@acme.com#x", "ann@x@acme.com"]) {
      assert.isFalse(EmailAddress.isSame(address, "ann@acme.com"), address)
    }
    assert.isFalse(EmailAddress.isSame("ann@0x7f.1", "ann@127.0.0.1"))
    assert.isFalse(EmailAddress.isSame("ann@ü/x.example", "ann@ü"))
  })

  it.each([
    "xn--",
    "xn---",
    "xn--a",
    "xn--99999999",
    `xn--${"9".repeat(250)}b`,
    `xn--${"9".repeat(50)}b`,
    "xn--\u{fc}",
    "a b@xn--zzzzzzzzzzz",
    "<",
    "@",
    "",
    "ann"
  ])("%s, which is no address, stays what it is", (odd) =>
    assert.strictEqual(EmailAddress.canonicalise(odd), odd.normalize())
  )
})

describe("canonicalise and isSame agree", () => {
  const texts = [...verdicts.map(({ address }) => address), "JOSE\u0301@XN--BCHER-KVA.example", "ann@acme.com\u0085"]
  it("on every pair of the verdicts, valid or not", () => {
    for (const one of texts) {
      for (const other of texts) {
        const areAlike = EmailAddress.canonicalise(one) === EmailAddress.canonicalise(other)
        assert.strictEqual(
          EmailAddress.isSame(one, other),
          areAlike,
          `${JSON.stringify(one)} and ${JSON.stringify(other)}`
        )
      }
    }
  })

  it("and a canonical address is its own canonical address", () => {
    for (const text of texts) {
      const canonical = EmailAddress.canonicalise(text)
      assert.strictEqual(EmailAddress.canonicalise(canonical), canonical, JSON.stringify(text))
    }
  })
})

describe("an address of a megabyte", () => {
  it.each([
    ["of blanks", `a${" ".repeat(1e6)}b`],
    ["of brackets", "<".repeat(1e6)],
    ["of one label", `a@xn--${"a".repeat(1e6)}`],
    ["of labels", `a@${"xn--a.".repeat(1e5)}b`]
  ])("%s is read in time", (_, address) => {
    const start = performance.now()
    EmailAddress.canonicalise(address)
    assert.isBelow(performance.now() - start, 4_000)
  })
})
