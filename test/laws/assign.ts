import { assert } from "@effect/vitest"
import { type Assignment, AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { CustomerId, MemberId } from "@polar-seats/domain/Seat"
import {
  AlreadyAssigned,
  Forbidden,
  InvalidRequest,
  NoSeatAvailable,
  NotFound,
  RecipientNotFound
} from "@polar-seats/domain/SeatError"
import { SubscriptionId } from "@polar-seats/domain/SeatSource"
import { DateTime, Effect, Redacted, Result, type Schema } from "effect"
import { assign, fails, type Law, list, mails, ofSubscription, recipients, revoke } from "./law.ts"
import {
  ben,
  buyer,
  checkout,
  full,
  holder,
  lena,
  manager,
  ofOldOrganization,
  order,
  seats,
  single,
  subscription,
  tokens,
  unknown,
  unpaid,
  withoutProduct,
  withoutSeats
} from "./world.ts"

const source = AssignmentSource.Subscription({ id: subscription })
const zoe = Recipient.Email({ email: "zoe@acme.com" })
const toZoe = { source, recipient: zoe }
const to = (recipient: Recipient): Assignment => ({ source, recipient })
const from = (source: AssignmentSource): Assignment => ({ source, recipient: zoe })
const tomorrow = "2026-11-24T12:00:00"

const invalid = (type: string, message: string, path: ReadonlyArray<string> = []) =>
  new InvalidRequest({ issues: [{ type, path, message }] })
const seatsAs = (recipient: Recipient, email: string): Law["holds"] =>
  Effect.gen(function* () {
    const seat = yield* assign(to(recipient))
    assert.strictEqual(seat.email, email)
    assert.strictEqual(seat.member?.email, email)
    assert.strictEqual(seat.memberId, seat.member?.id ?? null)
    assert.strictEqual(seat.customerId, buyer)
    assert.deepEqual(yield* recipients, [email])
  })

export const assignLaws: ReadonlyArray<Law> = [
  {
    name: "an assignment seats a person until they claim it, and mails them an invitation for a day",
    holds: Effect.gen(function* () {
      const seat = yield* assign({ source: AssignmentSource.Subscription({ id: single }), recipient: zoe })
      assert.deepInclude(
        { ...seat },
        {
          status: "pending",
          subscriptionId: single,
          orderId: null,
          customerId: buyer,
          email: "zoe@acme.com",
          customerEmail: "zoe@acme.com",
          modifiedAt: null,
          claimedAt: null,
          revokedAt: null,
          seatMetadata: {}
        }
      )
      assert.deepInclude({ ...seat.member }, { email: "zoe@acme.com", role: "member", name: null, externalId: null })
      assert.isTrue(
        seat.invitationTokenExpiresAt !== null && DateTime.formatIso(seat.invitationTokenExpiresAt).startsWith(tomorrow)
      )
      const [mail, ...others] = yield* mails
      assert.deepInclude(
        { ...mail },
        { to: "zoe@acme.com", seatId: seat.id, subject: "You've been invited to access Acme Pro" }
      )
      assert.strictEqual(others.length, 0)
      assert.match(mail === undefined ? "" : Redacted.value(mail.token), /^[\w-]{43}$/)
    })
  },
  {
    name: "an assigned seat is in the list, and no longer free",
    holds: Effect.gen(function* () {
      const seat = yield* assign(toZoe)
      const found = yield* list(ofSubscription)
      assert.deepEqual(
        found.seats.find(({ id }) => id === seat.id),
        seat
      )
      assert.strictEqual(found.availableSeats, 1)
    })
  },
  {
    name: "a revoked row is used again: the same id and age, everything else anew",
    holds: Effect.gen(function* () {
      const before = (yield* list(ofSubscription)).seats.find(({ id }) => id === seats.revoked)
      const seat = yield* assign({ ...toZoe, metadata: { desk: 7 } })
      assert.strictEqual(seat.id, seats.revoked)
      assert.deepEqual(seat.createdAt, before?.createdAt)
      assert.strictEqual(seat.revokedAt, null)
      assert.deepEqual(seat.seatMetadata, { desk: 7 })
    })
  },
  {
    name: "a seat that was revoked and assigned again has another link",
    holds: Effect.gen(function* () {
      const where = AssignmentSource.Subscription({ id: single })
      const first = yield* assign({ source: where, recipient: zoe })
      yield* revoke(first.id)
      const second = yield* assign({ source: where, recipient: zoe })
      assert.strictEqual(second.id, first.id)
      const [one, two] = (yield* mails).map(({ token }) => Redacted.value(token))
      assert.notStrictEqual(one, two)
    })
  },
  {
    name: "metadata is kept as it is",
    holds: Effect.gen(function* () {
      const metadata = { team: "core", floor: 3, tags: ["a", { b: null }], ключ: "🪑" }
      assert.deepEqual((yield* assign({ ...toZoe, metadata })).seatMetadata, metadata)
    })
  },
  {
    name: "an immediate claim mails nobody",
    holds: Effect.gen(function* () {
      const seat = yield* assign({ ...toZoe, immediateClaim: true })
      assert.strictEqual(seat.status, "claimed")
      assert.notStrictEqual(seat.claimedAt, null)
      assert.strictEqual(seat.invitationTokenExpiresAt, null)
      assert.deepEqual(yield* recipients, [])
    })
  },
  {
    name: "a member is seated by id",
    holds: seatsAs(Recipient.Member({ id: manager }), "max@acme.com")
  },
  {
    name: "a customer stands for their address, where the organization uses members",
    holds: seatsAs(Recipient.Customer({ id: holder }), "holder@acme.com")
  },
  {
    name: "an external member is made up with an address",
    holds: seatsAs(Recipient.ExternalMember({ externalId: "new-1", email: "new@acme.com" }), "new@acme.com")
  },
  {
    name: "an external id is linked to a member that has none",
    holds: Effect.gen(function* () {
      const seat = yield* assign(to(Recipient.ExternalMember({ externalId: "max-1", email: "max@acme.com" })))
      assert.deepInclude({ ...seat.member }, { id: manager, externalId: "max-1" })
    })
  },
  {
    name: "an external id of another address is refused",
    holds: Effect.gen(function* () {
      for (const [externalId, email] of [
        ["ben-1", "max@acme.com"],
        ["other-1", "ben@acme.com"]
      ] as const) {
        const error = yield* Effect.flip(assign(to(Recipient.ExternalMember({ externalId, email }))))
        assert.deepInclude(
          error._tag === "InvalidRequest" ? { ...error.issues[0] } : {},
          { type: "MemberEmailMismatch" },
          `${externalId} ${email}`
        )
      }
      assert.deepEqual(yield* recipients, [])
    })
  },
  {
    name: "a member who has a seat is AlreadyAssigned",
    holds: fails(assign(to(Recipient.Member({ id: ben }))), new AlreadyAssigned({ recipient: ben }))
  },
  {
    name: "an external member who has a seat is AlreadyAssigned",
    holds: fails(
      assign(to(Recipient.ExternalMember({ externalId: "ben-1" }))),
      new AlreadyAssigned({ recipient: "ben-1" })
    )
  },
  {
    name: "an address that has a seat is AlreadyAssigned, however it is written",
    holds: fails(
      assign(to(Recipient.Email({ email: "ANN@acme.com" }))),
      new AlreadyAssigned({ recipient: "ANN@acme.com" })
    )
  },
  {
    name: "a member that does not exist is RecipientNotFound",
    holds: fails(
      assign(to(Recipient.Member({ id: MemberId.make(unknown) }))),
      new RecipientNotFound({ recipient: unknown })
    )
  },
  {
    name: "an external member that does not exist is RecipientNotFound",
    holds: fails(assign(to(Recipient.ExternalMember({ externalId: "x" }))), new RecipientNotFound({ recipient: "x" }))
  },
  {
    name: "a customer that does not exist makes the request invalid, where the organization uses members",
    holds: fails(
      assign(to(Recipient.ExternalCustomer({ externalId: "x" }))),
      invalid(
        "InvalidSeatAssignmentRequest",
        "Exactly one of email, external_customer_id, or customer_id must be provided"
      )
    )
  },
  {
    name: "a refusal links no external id to the member who has a seat already",
    holds: Effect.gen(function* () {
      const linking = Recipient.ExternalMember({ externalId: "max-1", email: "max@acme.com" })
      yield* assign(to(Recipient.Member({ id: manager })))
      const error = yield* Effect.flip(assign(to(linking)))
      assert.deepInclude({ ...error }, { _tag: "AlreadyAssigned", recipient: "max-1" })
      const unlinked = yield* Effect.flip(assign(to(Recipient.ExternalMember({ externalId: "max-1" }))))
      assert.deepInclude({ ...unlinked }, { _tag: "RecipientNotFound", recipient: "max-1" })
    })
  },
  {
    // The seat of ann@acme.com has an address and no member
    name: "a refusal makes up no member",
    holds: Effect.gen(function* () {
      yield* fails(
        assign(to(Recipient.ExternalMember({ externalId: "ann-1", email: "ann@acme.com" }))),
        new AlreadyAssigned({ recipient: "ann-1" })
      )
      yield* fails(
        assign(to(Recipient.ExternalMember({ externalId: "ann-1" }))),
        new RecipientNotFound({ recipient: "ann-1" })
      )
    })
  },
  {
    name: "what is no address is refused",
    holds: Effect.forEach(
      [
        ["zoe.acme.com", "An email address must have an @-sign."],
        ["@acme.com", "There must be something before the @-sign."],
        ["zoe@", "There must be something after the @-sign."],
        ["zoe@acme", "The part after the @-sign is not valid. It should have a period."],
        ["zoe@acme..com", "An email address cannot have two periods in a row."],
        ["zoe@.acme.com", "An email address cannot have a period immediately after the @-sign."],
        ["zoe@acme.com.", "An email address cannot end with a period."],
        [".zoe@acme.com", "An email address cannot start with a period."],
        ["zoe.@acme.com", "An email address cannot have a period immediately before the @-sign."],
        ["zoe smith@acme.com", "The email address contains invalid characters before the @-sign: SPACE."],
        ["zoe@acme@acme.com", "The part after the @-sign contains invalid characters: '@'."],
        [`${"z".repeat(246)}@acme.com`, "The email address is too long (1 character too many)."]
      ] as const,
      ([email, why]) =>
        Effect.forEach([Recipient.Email({ email }), Recipient.ExternalMember({ externalId: "zoe-1", email })], (zoe) =>
          fails(
            assign(to(zoe)),
            invalid("value_error", `value is not a valid email address: ${why}`, ["body", "email"])
          )
        ),
      { discard: true }
    )
  },
  {
    name: "an address is kept without its name and blanks, its host in lower case",
    holds: seatsAs(Recipient.Email({ email: " Zoe Smith <Zoe.Ö+x@Bücher.ACME.com> " }), "Zoe.Ö+x@bücher.acme.com")
  },
  {
    name: "NUL is refused in every string",
    holds: Effect.gen(function* () {
      const nul = (...path: ReadonlyArray<string>) => invalid("value_error", "Null bytes are not allowed", path)
      const external = Recipient.ExternalMember
      for (const [assignment, refusal] of [
        [to(Recipient.Email({ email: "z\0e@acme.com" })), nul("body", "email")],
        [to(external({ externalId: "z", email: "z\0e@acme.com" })), nul("body", "email")],
        [to(external({ externalId: "z\0e" })), nul("body", "external_member_id")],
        [to(Recipient.ExternalCustomer({ externalId: "z\0e" })), nul("body", "external_customer_id")],
        [{ ...toZoe, metadata: { a: ["\0"] } }, nul("body", "metadata")],
        [{ ...toZoe, metadata: { a: { "\0": 1 } } }, nul("body", "metadata")]
      ] as const) {
        yield* fails(assign(assignment), refusal)
      }
    })
  },
  {
    name: "a number that JSON cannot hold is refused, and where it is is told",
    holds: Effect.forEach([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], (number) =>
      fails(
        assign({ ...toZoe, metadata: { desk: [1, { floor: number }] } }),
        new InvalidRequest({
          issues: [
            {
              type: "finite_number",
              path: ["body", "metadata", "desk", 1, "floor"],
              message: "Input should be a finite number"
            }
          ]
        })
      )
    )
  },
  {
    name: "metadata of 20,000 levels is too large",
    holds: Effect.gen(function* () {
      let nested: Schema.Json = []
      for (let level = 0; level < 20_000; level++) nested = level % 2 === 0 ? [nested] : { nested }
      yield* fails(
        assign({ ...toZoe, metadata: { nested } }),
        invalid("value_error", "Metadata size cannot exceed 1KB", ["body", "metadata"])
      )
    })
  },
  {
    name: "all that is wrong with an assignment is told at once",
    holds: Effect.gen(function* () {
      const error = yield* Effect.flip(
        assign({
          source: AssignmentSource.Checkout({ id: "not-a-uuid" }),
          recipient: Recipient.ExternalMember({ externalId: "\0", email: "zoe" }),
          metadata: { a: Number.NaN }
        })
      )
      assert.deepEqual(error._tag === "InvalidRequest" ? error.issues.map(({ path }) => path.join(".")) : [], [
        "body.external_member_id",
        "body.email",
        "body.checkout_id",
        "body.metadata.a"
      ])
    })
  },
  {
    name: "a checkout that is no UUID is refused",
    holds: fails(
      assign(from(AssignmentSource.Checkout({ id: "not-a-uuid" }))),
      invalid("uuid_parsing", "Input should be a valid UUID, invalid character: found `n` at 1", [
        "body",
        "checkout_id"
      ])
    )
  },
  {
    name: "a checkout is the same in every spelling of its id",
    surface: "portal",
    holds: Effect.gen(function* () {
      const seat = yield* assign(from(AssignmentSource.Checkout({ id: `{${checkout.toUpperCase()}}` })))
      assert.strictEqual(seat.subscriptionId, subscription)
    })
  },
  {
    name: "without a free seat it is NoSeatAvailable",
    holds: fails(
      assign(from(AssignmentSource.Subscription({ id: full }))),
      new NoSeatAvailable({ detail: `No available seats for ${full}` })
    )
  },
  {
    name: "a full order is NoSeatAvailable",
    holds: fails(
      assign(from(AssignmentSource.Order({ id: order }))),
      new NoSeatAvailable({ detail: `No available seats for ${order}` })
    )
  },
  {
    name: "an order that is not paid is NoSeatAvailable",
    holds: fails(
      assign(from(AssignmentSource.Order({ id: unpaid }))),
      new NoSeatAvailable({ detail: "Order must be paid before assigning seats" })
    )
  },
  {
    name: "an order without a product is NoSeatAvailable",
    holds: fails(
      assign(from(AssignmentSource.Order({ id: withoutProduct }))),
      new NoSeatAvailable({ detail: "Container has no associated product" })
    )
  },
  {
    name: "of five at once for one seat, one gets it",
    holds: Effect.gen(function* () {
      const where = AssignmentSource.Subscription({ id: single })
      const results = yield* Effect.forEach(
        ["a", "b", "c", "d", "e"],
        (name) => Effect.result(assign({ source: where, recipient: Recipient.Email({ email: `${name}@acme.com` }) })),
        { concurrency: "unbounded" }
      )
      const refused = results.filter(Result.isFailure).map(({ failure }) => failure._tag)
      assert.deepEqual(
        refused,
        Array.from({ length: 4 }, () => "NoSeatAvailable")
      )
      assert.strictEqual((yield* recipients).length, 1)
    })
  },
  {
    name: "an unknown subscription is NotFound",
    holds: fails(
      assign(from(AssignmentSource.Subscription({ id: SubscriptionId.make(unknown) }))),
      new NotFound({ resource: "subscription", id: unknown })
    )
  },
  {
    name: "eleven keys of metadata are refused",
    holds: fails(
      assign({ ...toZoe, metadata: Object.fromEntries(Array.from({ length: 11 }, (_, key) => [key, 1])) }),
      invalid("value_error", "Metadata cannot have more than 10 keys", ["body", "metadata"])
    )
  },
  {
    // { "k": "<170 of ü>" } is 7 + 1020 characters once Polar has written it
    name: "metadata of more than 1024 characters, counted in escapes, is refused",
    holds: Effect.gen(function* () {
      yield* fails(
        assign({ ...toZoe, metadata: { k: `${"ü".repeat(169)}aaaa` } }),
        invalid("value_error", "Metadata size cannot exceed 1KB", ["body", "metadata"])
      )
      yield* assign({ ...toZoe, metadata: { k: `${"ü".repeat(169)}` } })
    })
  },
  {
    name: "a plain member may not assign",
    surface: "portal",
    token: tokens.member,
    holds: fails(assign(toZoe), new Forbidden({ reason: "Role" }))
  },
  {
    name: "a checkout stands for what it led to",
    surface: "portal",
    holds: Effect.gen(function* () {
      const seat = yield* assign(from(AssignmentSource.Checkout({ id: checkout })))
      assert.strictEqual(seat.subscriptionId, subscription)
    })
  },
  {
    name: "an unknown checkout is NotFound",
    surface: "portal",
    holds: fails(
      assign(from(AssignmentSource.Checkout({ id: unknown }))),
      new NotFound({ resource: "checkout", id: unknown })
    )
  },
  {
    name: "an organization cannot name a checkout",
    surface: "organization",
    holds: fails(
      assign(from(AssignmentSource.Checkout({ id: checkout }))),
      invalid("value_error", "Value error, Exactly one of subscription_id or order_id must be provided", ["body"])
    )
  },
  {
    name: "where seats are not for sale, an assignment is Forbidden",
    surface: "portal",
    token: tokens.withoutSeats,
    holds: fails(
      assign(from(AssignmentSource.Subscription({ id: withoutSeats }))),
      new Forbidden({ reason: "SeatsNotEnabled" })
    )
  },
  {
    name: "a token that may only read may not assign",
    surface: "organization",
    token: tokens.organizationReader,
    holds: fails(assign(toZoe), new Forbidden({ reason: "Scope" }))
  },
  ...(["portal", "organization"] as const).flatMap((surface): ReadonlyArray<Law> => {
    const token = surface === "portal" ? tokens.oldCustomer : tokens.oldOrganization
    const source = AssignmentSource.Subscription({ id: ofOldOrganization })
    return [
      {
        name: "without members, an address becomes a customer who holds the seat, and a member of the buyer",
        surface,
        token,
        holds: Effect.gen(function* () {
          const seat = yield* assign({ source, recipient: Recipient.Email({ email: "new@old.com" }) })
          assert.notStrictEqual(seat.customerId, seat.member?.customerId)
          assert.strictEqual(seat.email, "new@old.com")
          assert.strictEqual(seat.memberId, seat.member?.id ?? null)
        })
      },
      {
        name: "without members, a refusal makes up no customer and no member",
        surface,
        token,
        holds: Effect.gen(function* () {
          yield* fails(
            assign({ source, recipient: Recipient.Email({ email: "ODD@old.com" }) }),
            new AlreadyAssigned({ recipient: "ODD@old.com" })
          )
          // Were there a member of that address by now, it would be linked and have this one
          yield* fails(
            assign({ source, recipient: Recipient.ExternalMember({ externalId: "odd-1", email: "odd@old.com" }) }),
            new AlreadyAssigned({ recipient: "odd-1" })
          )
          yield* fails(
            assign({ source, recipient: Recipient.ExternalMember({ externalId: "odd-1" }) }),
            new RecipientNotFound({ recipient: "odd-1" })
          )
        })
      },
      {
        name: "without members, a customer is found by id or external id",
        surface,
        token,
        holds: Effect.gen(function* () {
          const seat = yield* assign({ source, recipient: Recipient.ExternalCustomer({ externalId: "lena-1" }) })
          assert.strictEqual(seat.customerId, lena)
          const again = assign({ source, recipient: Recipient.Customer({ id: lena }) })
          assert.deepInclude({ ...(yield* Effect.flip(again)) }, { _tag: "AlreadyAssigned", recipient: lena })
        })
      },
      {
        name: "without members, a customer that does not exist is RecipientNotFound",
        surface,
        token,
        holds: fails(
          assign({ source, recipient: Recipient.Customer({ id: CustomerId.make(unknown) }) }),
          new RecipientNotFound({ recipient: unknown })
        )
      }
    ]
  })
]
