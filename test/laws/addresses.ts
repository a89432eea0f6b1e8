import { assert } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { AlreadyAssigned } from "@polar-seats/domain/SeatError"
import { Effect } from "effect"
import { verdicts } from "../polar/emailAddresses.ts"
import { assign, fails, type Law, list, ofSubscription, recipients, revoke } from "./law.ts"
import { manager, ofOldOrganization, single, subscription, tokens } from "./world.ts"

const source = AssignmentSource.Subscription({ id: subscription })
const to = (email: string) => ({ source, recipient: Recipient.Email({ email }) })

/** Spellings of one person, the one that Polar keeps first. */
const spellings = [
  "josé@bücher.example",
  "JOSÉ@bücher.example",
  "jose\u0301@bu\u0308cher.example",
  "JOSE\u0301@BÜCHER.Example",
  "josé@xn--bcher-kva.example",
  "josé@XN--BCHER-KVA.EXAMPLE",
  "josé@ｂücher．example",
  "josé@bücher。example",
  " josé@bücher.example\r\n",
  "José <josé@bücher.example>",
  '"Books, José" <JOSÉ@xn--bcher-kva.example>'
] as const

export const addressLaws: ReadonlyArray<Law> = [
  {
    name: "every address is judged and spelled as Polar's validator does it",
    holds: Effect.gen(function* () {
      const where = AssignmentSource.Subscription({ id: single })
      // A member keeps the spelling that they were first named with
      const kept = new Map<string, string>()
      const mailed: Array<string> = []
      for (const { address, normalized } of verdicts) {
        const assigned = yield* Effect.result(assign({ source: where, recipient: Recipient.Email({ email: address }) }))
        const why = JSON.stringify(address)
        if (normalized === undefined) {
          assert.strictEqual(assigned._tag === "Failure" && assigned.failure._tag, "InvalidRequest", why)
        } else if (assigned._tag === "Failure") {
          assert.fail(`${why} was refused: ${assigned.failure.message}`)
        } else {
          const spelled = kept.get(normalized.toLowerCase()) ?? normalized
          assert.strictEqual(assigned.success.email, spelled, why)
          kept.set(normalized.toLowerCase(), spelled)
          mailed.push(spelled)
          yield* revoke(assigned.success.id)
        }
      }
      assert.deepEqual(yield* recipients, mailed)
    })
  },
  {
    name: "every spelling of an address is the same person, who gets one seat and one mail",
    holds: Effect.gen(function* () {
      const [kept] = spellings
      const first = yield* assign(to(spellings[4]))
      assert.strictEqual(first.email, kept)
      for (const email of spellings) {
        const error = yield* Effect.flip(assign(to(email)))
        assert.deepEqual({ ...error }, { ...new AlreadyAssigned({ recipient: email }) }, email)
      }
      const { seats } = yield* list(ofSubscription)
      assert.lengthOf(
        seats.filter((seat) => seat.email === kept),
        1
      )
      assert.deepEqual(yield* recipients, [kept])
    })
  },
  {
    name: "a member is found by every spelling of their address",
    holds: Effect.gen(function* () {
      const where = AssignmentSource.Subscription({ id: single })
      const first = yield* assign({ source: where, recipient: Recipient.Email({ email: spellings[0] }) })
      yield* revoke(first.id)
      for (const email of spellings) {
        const again = yield* assign({ source: where, recipient: Recipient.Email({ email }) })
        assert.strictEqual(again.memberId, first.memberId, email)
        assert.strictEqual(again.email, spellings[0])
        yield* revoke(again.id)
      }
      const max = yield* assign(to(" Max <MAX@Acme.COM> "))
      assert.strictEqual(max.memberId, manager)
      // The external id belongs to this person, however the address is written
      for (const email of spellings) {
        const external = Recipient.ExternalMember({ externalId: "jose-1", email })
        const again = yield* assign({ source: where, recipient: external })
        assert.strictEqual(again.memberId, first.memberId, email)
        yield* revoke(again.id)
      }
    })
  },
  ...(["portal", "organization"] as const).map((surface): Law => ({
    name: "without members, a customer is found by every spelling of the address",
    surface,
    token: surface === "portal" ? tokens.oldCustomer : tokens.oldOrganization,
    holds: Effect.gen(function* () {
      const where = AssignmentSource.Subscription({ id: ofOldOrganization })
      const first = yield* assign({ source: where, recipient: Recipient.Email({ email: spellings[1] }) })
      for (const email of spellings) {
        const error = yield* Effect.flip(assign({ source: where, recipient: Recipient.Email({ email }) }))
        assert.strictEqual(error._tag, "AlreadyAssigned", email)
      }
      yield* revoke(first.id)
      for (const email of spellings) {
        const again = yield* assign({ source: where, recipient: Recipient.Email({ email }) })
        assert.strictEqual(again.customerId, first.customerId, email)
        assert.strictEqual(again.email, first.email)
        yield* revoke(again.id)
      }
    })
  })),
  {
    name: "a refused address mails nobody, and its refusal quotes Polar's validator",
    holds: Effect.forEach(
      [
        ["ann b@acme.com", "The email address contains invalid characters before the @-sign: SPACE."],
        ["ann\u200b@acme.com", "The email address contains unsafe characters: ZERO WIDTH SPACE."],
        ["ann@ac\u00adme.com", "The email address contains unsafe characters: SOFT HYPHEN."],
        ['"ann"@acme.com', "Quoting the part before the @-sign is not allowed here."],
        ["ann@[127.0.0.1]", "A bracketed IP address after the @-sign is not allowed here."],
        [
          "ann@acme.test",
          "The part after the @-sign is a special-use or reserved name that cannot be used with email."
        ],
        ["ann@1.2.3.4", "The part after the @-sign is not valid. It is not within a valid top-level domain."],
        ["ann@ac_me.com", "The part after the @-sign contains invalid characters: '_'."],
        ["ann@-acme.com", "An email address cannot have a hyphen immediately after the @-sign."],
        ["ann@a-.b", "An email address cannot have a period and a hyphen next to each other."],
        [
          "ann@ab--cd.example",
          "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode."
        ],
        [
          `ann@${"c".repeat(64)}.com`,
          "After the @-sign, periods cannot be separated by so many characters (1 character too many)."
        ],
        ["ann＠acme.com", 'The email address has the "full-width" at-sign (@) character instead of a regular at-sign.'],
        [
          "ann@i❤.example",
          "The part after the @-sign is invalid (Codepoint U+2764 at position 2 of 'i❤' not allowed)."
        ],
        [`${"ö".repeat(130)}@acme.com`, "The email address is too long (7-15 characters too many)."],
        ["a".repeat(2049), "Length must not exceed 2048 characters"]
      ] as const,
      ([email, why]) =>
        fails(assign(to(email)), {
          _tag: "InvalidRequest",
          issues: [
            {
              type: "value_error",
              path: ["body", "email"],
              message: `value is not a valid email address: ${why}`
            }
          ]
        }),
      { discard: true }
    )
  }
]
