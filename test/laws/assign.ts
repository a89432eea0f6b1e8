import { assert } from "@effect/vitest"
import { type Assignment, AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { CustomerId, MemberId } from "@polar-seats/domain/Seat"
import {
  AlreadyAssigned,
  Forbidden,
  InvalidRequest,
  NoSeatAvailable,
  NotFound,
  RecipientNotFound,
  Unauthorized
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
  ofGlobex,
  ofOldOrganization,
  order,
  seats,
  single,
  subscription,
  tokens,
  unknown,
  unpaid,
  withoutProduct
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
    name: "assign creates a pending seat, and mails an invitation that lasts 24 hours",
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
    name: "an assigned seat appears in the list, and no longer counts as available",
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
    name: "assign reuses a revoked row: id and creation time stay, everything else is new",
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
    name: "a seat that is revoked and assigned again gets a new link",
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
    name: "metadata is stored unchanged",
    holds: Effect.gen(function* () {
      const metadata = { team: "core", floor: 3, tags: ["a", { b: null }], ключ: "🪑" }
      assert.deepEqual((yield* assign({ ...toZoe, metadata })).seatMetadata, metadata)
    })
  },
  {
    name: "assign with immediateClaim claims the seat and mails nobody",
    holds: Effect.gen(function* () {
      const seat = yield* assign({ ...toZoe, immediateClaim: true })
      assert.strictEqual(seat.status, "claimed")
      assert.notStrictEqual(seat.claimedAt, null)
      assert.strictEqual(seat.invitationTokenExpiresAt, null)
      assert.deepEqual(yield* recipients, [])
    })
  },
  {
    name: "assign takes a member by id",
    holds: seatsAs(Recipient.Member({ id: manager }), "max@acme.com")
  },
  {
    name: "assign seats a member with the customer's address, if the organization uses members",
    holds: seatsAs(Recipient.Customer({ id: holder }), "holder@acme.com")
  },
  {
    name: "an external member with an address is created",
    holds: seatsAs(Recipient.ExternalMember({ externalId: "new-1", email: "new@acme.com" }), "new@acme.com")
  },
  {
    name: "an external id is linked to the member with that address, if the member has none",
    holds: Effect.gen(function* () {
      const seat = yield* assign(to(Recipient.ExternalMember({ externalId: "max-1", email: "max@acme.com" })))
      assert.deepInclude({ ...seat.member }, { id: manager, externalId: "max-1" })
    })
  },
  {
    name: "an external id and an address of different members are refused",
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
    name: "a member who has a seat already is AlreadyAssigned",
    holds: fails(assign(to(Recipient.Member({ id: ben }))), new AlreadyAssigned({ recipient: ben }))
  },
  {
    name: "an external member who has a seat already is AlreadyAssigned",
    holds: fails(
      assign(to(Recipient.ExternalMember({ externalId: "ben-1" }))),
      new AlreadyAssigned({ recipient: "ben-1" })
    )
  },
  {
    name: "an address that has a seat already is AlreadyAssigned, in any case of its letters",
    holds: fails(
      assign(to(Recipient.Email({ email: "ANN@acme.com" }))),
      new AlreadyAssigned({ recipient: "ANN@acme.com" })
    )
  },
  {
    name: "an unknown member is RecipientNotFound",
    holds: fails(
      assign(to(Recipient.Member({ id: MemberId.make(unknown) }))),
      new RecipientNotFound({ recipient: unknown })
    )
  },
  {
    name: "an unknown external member is RecipientNotFound",
    holds: fails(assign(to(Recipient.ExternalMember({ externalId: "x" }))), new RecipientNotFound({ recipient: "x" }))
  },
  {
    name: "an unknown customer is InvalidRequest, if the organization uses members",
    holds: fails(
      assign(to(Recipient.ExternalCustomer({ externalId: "x" }))),
      invalid(
        "InvalidSeatAssignmentRequest",
        "Exactly one of email, external_customer_id, or customer_id must be provided"
      )
    )
  },
  {
    name: "a refused assignment links no external id",
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
    // The seat of ann@acme.com has an address but no member
    name: "a refused assignment creates no member",
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
    name: "Polar refuses an invalid address, and says why",
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
    name: "an address is stored without its name and blanks, its host in lower case",
    holds: seatsAs(Recipient.Email({ email: " Zoe Smith <Zoe.Ö+x@Bücher.ACME.com> " }), "Zoe.Ö+x@bücher.acme.com")
  },
  {
    name: "NUL is refused in every string",
    holds: Effect.gen(function* () {
      const message = "Null bytes are not allowed"
      const local = invalid("value_error", message, ["body", "metadata"])
      const nul = (field: string) => invalid("value_error", `Value error, ${message}`, ["body", field])
      const external = Recipient.ExternalMember
      for (const [assignment, refusal] of [
        [to(Recipient.Email({ email: "z\0e@acme.com" })), nul("email")],
        [to(external({ externalId: "z", email: "z\0e@acme.com" })), nul("email")],
        [to(external({ externalId: "z\0e" })), nul("external_member_id")],
        [to(Recipient.ExternalCustomer({ externalId: "z\0e" })), nul("external_customer_id")],
        [{ ...toZoe, metadata: { a: ["\0"] } }, local],
        [{ ...toZoe, metadata: { a: { "\0": 1 } } }, local]
      ] as const) {
        yield* fails(assign(assignment), refusal)
      }
    })
  },
  {
    name: "a number that JSON cannot hold is refused, with its path",
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
    name: "a number beyond 2^53 is refused, with its path, because JavaScript has rounded it or may have",
    holds: Effect.forEach([2 ** 53, -(2 ** 53), Number("12345678901234567890"), 1e300], (number) =>
      fails(
        assign({ ...toZoe, metadata: { desk: [1, { floor: number }] } }),
        new InvalidRequest({
          issues: [
            {
              type: "inexact_number",
              path: ["body", "metadata", "desk", 1, "floor"],
              message: "Input should be a number within 2^53: pass a larger one as text"
            }
          ]
        })
      )
    )
  },
  {
    name: "a value that JSON would change is refused, with its path, and nobody is mailed",
    holds: Effect.gen(function* () {
      const hole: ReadonlyArray<unknown> = Array.from({ length: 3 })
      for (const [value, type, path] of [
        [12n, "inexact_number", []],
        [undefined, "value_error", []],
        [Symbol.iterator, "value_error", []],
        [() => 1, "value_error", []],
        [new Date(0), "value_error", []],
        [new Map([["a", 1]]), "value_error", []],
        [Object.create({ inherited: 1 }), "value_error", []],
        // oxlint-disable-next-line no-new-wrappers, unicorn/new-for-builtins
        [new Number(5), "value_error", []],
        [hole, "value_error", [2]],
        [{ toJSON: () => 1 }, "value_error", ["toJSON"]]
      ] as const) {
        const metadata = { desk: value } as unknown as { readonly [key: string]: Schema.Json }
        const error = yield* Effect.flip(assign({ ...toZoe, metadata }))
        assert.strictEqual(error._tag, "InvalidRequest")
        assert(error._tag === "InvalidRequest")
        assert.deepEqual(
          error.issues.map(({ path, type }) => ({ path, type })),
          [{ path: ["body", "metadata", "desk", ...path], type }]
        )
      }
      assert.deepEqual(yield* recipients, [])
      yield* assign({ ...toZoe, metadata: Object.assign(Object.create(null), { desk: Number.MAX_SAFE_INTEGER }) })
      assert.deepEqual(yield* recipients, ["zoe@acme.com"])
    })
  },
  {
    name: "metadata of 20,000 levels is refused as too large",
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
    name: "an empty recipient is refused before Polar sees it, with every other local problem",
    holds: Effect.forEach(
      [
        [Recipient.Email({ email: " " }), ["email"]],
        [Recipient.ExternalCustomer({ externalId: "" }), ["external_customer_id"]],
        [Recipient.ExternalMember({ externalId: "", email: "" }), ["external_member_id", "email"]]
      ] as const,
      ([recipient, fields]) =>
        fails(
          assign({ source, recipient, metadata: { a: Number.NaN } }),
          new InvalidRequest({
            issues: [
              ...fields.map((field) => ({ type: "value_error", path: ["body", field], message: "must not be empty" })),
              { type: "finite_number", path: ["body", "metadata", "a"], message: "Input should be a finite number" }
            ]
          })
        ),
      { discard: true }
    )
  },
  ...(
    [
      ["portal", AssignmentSource.Checkout({ id: "not-a-uuid" }), ["email", "external_member_id", "checkout_id"]],
      ["organization", source, ["email", "external_member_id"]]
    ] as const
  ).map(([surface, from, fields]): Law => ({
    name: "Polar reports every problem of an assignment at once",
    surface,
    holds: Effect.gen(function* () {
      const recipient = Recipient.ExternalMember({ externalId: "\0", email: "zoe" })
      const error = yield* Effect.flip(assign({ source: from, recipient }))
      assert.deepEqual(
        error._tag === "InvalidRequest" ? error.issues.map(({ path }) => path.join(".")) : [],
        fields.map((field) => `body.${field}`)
      )
      assert.deepEqual(yield* recipients, [])
    })
  })),
  {
    name: "a checkout that is not a UUID is refused",
    surface: "portal",
    holds: fails(
      assign(from(AssignmentSource.Checkout({ id: "not-a-uuid" }))),
      invalid("uuid_parsing", "Input should be a valid UUID, invalid character: found `n` at 1", [
        "body",
        "checkout_id"
      ])
    )
  },
  {
    name: "a checkout is found by every spelling of its id",
    surface: "portal",
    holds: Effect.gen(function* () {
      const seat = yield* assign(from(AssignmentSource.Checkout({ id: `{${checkout.toUpperCase()}}` })))
      assert.strictEqual(seat.subscriptionId, subscription)
    })
  },
  {
    name: "assign without an available seat is NoSeatAvailable",
    holds: fails(
      assign(from(AssignmentSource.Subscription({ id: full }))),
      new NoSeatAvailable({ detail: `No available seats for ${full}` })
    )
  },
  {
    name: "an order without an available seat is NoSeatAvailable",
    holds: fails(
      assign(from(AssignmentSource.Order({ id: order }))),
      new NoSeatAvailable({ detail: `No available seats for ${order}` })
    )
  },
  {
    name: "an unpaid order is NoSeatAvailable",
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
    name: "five concurrent assignments of one seat succeed exactly once",
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
    name: "metadata with 11 keys is refused",
    holds: fails(
      assign({ ...toZoe, metadata: Object.fromEntries(Array.from({ length: 11 }, (_, key) => [key, 1])) }),
      invalid("value_error", "Metadata cannot have more than 10 keys", ["body", "metadata"])
    )
  },
  {
    // Polar writes { "k": "<170 of ü>" } as 7 + 1020 characters
    name: "metadata above 1024 characters is refused, and an escape counts as six",
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
  ...(
    [
      ["portal", tokens.member, new Forbidden({ reason: "Role" })],
      ["organization", tokens.organizationReader, new Forbidden({ reason: "Scope" })],
      ["portal", tokens.expired, new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession" })],
      [
        "organization",
        tokens.organizationExpired,
        new Unauthorized({ reason: "InvalidToken", wants: "OrganizationToken" })
      ]
    ] as const
  ).map(([surface, token, refusal]): Law => ({
    name: `Polar judges permissions before an invalid assignment: ${refusal._tag}`,
    surface,
    token,
    holds: Effect.forEach(
      [
        to(Recipient.Email({ email: "zoe.acme.com" })),
        to(Recipient.ExternalCustomer({ externalId: "z\0e" })),
        from(AssignmentSource.Checkout({ id: "not-a-uuid" })),
        from(AssignmentSource.Subscription({ id: SubscriptionId.make(unknown) }))
      ],
      (assignment) => fails(assign(assignment), refusal),
      { discard: true }
    )
  })),
  {
    name: "a checkout assigns a seat of the subscription that it led to",
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
    holds: Effect.forEach(
      [checkout, "not-a-uuid"],
      (id) =>
        fails(
          assign(from(AssignmentSource.Checkout({ id }))),
          invalid("value_error", "Value error, Exactly one of subscription_id or order_id must be provided", ["body"])
        ),
      { discard: true }
    )
  },
  {
    name: "a user token assigns seats of each organization that it reaches",
    surface: "organization",
    token: tokens.oauthOfBoth,
    holds: Effect.gen(function* () {
      for (const id of [subscription, ofGlobex]) {
        assert.strictEqual((yield* assign(from(AssignmentSource.Subscription({ id })))).subscriptionId, id)
      }
    })
  },
  {
    name: "a token without the write scope may not assign",
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
        name: "without members, a refused assignment creates no customer and no member",
        surface,
        token,
        holds: Effect.gen(function* () {
          yield* fails(
            assign({ source, recipient: Recipient.Email({ email: "ODD@old.com" }) }),
            new AlreadyAssigned({ recipient: "ODD@old.com" })
          )
          // If a member with that address existed now, this assignment would link it to the external id
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
        name: "without members, an unknown customer is RecipientNotFound",
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
