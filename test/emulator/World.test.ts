import { assert, describe, it } from "@effect/vitest"
import * as World from "@polar-seats/emulator/World"
import { Result } from "effect"
import { world } from "../laws/world.ts"

const issues = (input: unknown) =>
  Result.match(World.load(input), {
    onFailure: ({ issues }) => issues.map(({ message, path }) => `${path.join(".")} ${message}`),
    onSuccess: () => []
  })

const uuid = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"

describe("World.load", () => {
  it("accepts an empty world, and the world of the laws", () => {
    assert.deepEqual(issues({}), [])
    assert.deepEqual(issues(world), [])
  })

  it("refuses an unknown key, which would have no effect", () => {
    const [organization] = world.organizations ?? []
    assert.deepEqual(issues({ organizations: [{ ...organization, memberModel: false }], seatz: [] }).toSorted(), [
      "organizations.0.memberModel Expected no excess property",
      "seatz Expected no excess property"
    ])
  })

  it("ignores the switch for seats of older seeds, whatever its value", () => {
    const bought = {
      products: [{ id: uuid, organization: "a" }],
      customers: [{ id: uuid, organization: "a", email: "x" }]
    }
    for (const seatBasedPricingEnabled of [true, false, null, "no"]) {
      const old = { ...bought, organizations: [{ slug: "a", seatBasedPricingEnabled }] }
      assert.deepEqual(
        Result.getOrThrow(World.load(old)),
        Result.getOrThrow(World.load({ ...bought, organizations: [{ slug: "a" }] }))
      )
    }
    assert.deepEqual(issues({ organizations: [{ seatBasedPricingEnabled: true, seats: true }] }).toSorted(), [
      "organizations.0.seats Expected no excess property",
      "organizations.0.slug Missing key"
    ])
  })

  it("accepts odd states of seats", () => {
    const seat = { subscriptionId: uuid }
    assert.deepEqual(
      issues({
        organizations: [{ slug: "a" }],
        products: [{ id: uuid, organization: "a" }],
        customers: [{ id: uuid, organization: "a", email: "" }],
        subscriptions: [{ id: uuid, product: uuid, customer: uuid, seats: 1 }],
        seats: [
          { ...seat, status: "pending" },
          { ...seat, status: "claimed", invitationToken: "t" },
          { ...seat, status: "revoked", invitationToken: "u" },
          { status: "pending" }
        ]
      }),
      []
    )
  })

  it("reports every wrong type, enum and reference at once, each with its path", () => {
    assert.deepEqual(
      issues({
        organizations: [{ slug: 1 }, { slug: "a" }, { slug: "a" }],
        products: [{ organization: "b" }],
        members: [{ customer: uuid, email: "x", role: "king" }],
        seats: [
          { status: "lost", orderId: uuid },
          { subscriptionId: "x" },
          { id: "0190b5e0-7c1d-7a52-8c1f-3b2a1d0e9f88", status: "pending" }
        ],
        tokens: [{ token: "t" }, { token: "u", customer: uuid, member: uuid }]
      }),
      [
        "organizations.0.slug Expected string",
        'members.0.role Expected "owner" | "billing_manager" | "member"',
        'seats.0.status Expected "pending" | "claimed" | "revoked"',
        "seats.1.subscriptionId is not a UUID: 32 hexadecimal digits in groups of 8-4-4-4-12 are expected",
        "seats.1.status Missing key",
        "seats.2.id is a UUID of version 7: Polar's ids are UUIDs of version 4",
        "tokens.0 a token must belong to exactly one of a customer, a member, an organization, or a user of organizations",
        "tokens.1 a token must belong to exactly one of a customer, a member, an organization, or a user of organizations",
        "products.0.organization is b, but none of the organizations has this slug",
        `members.0.customer is ${uuid}, but none of the customers has this id`,
        "seats.1.subscriptionId is x, but none of the subscriptions has this id",
        `seats.0.orderId is ${uuid}, but none of the orders has this id`,
        `tokens.1.customer is ${uuid}, but none of the customers has this id`,
        `tokens.1.member is ${uuid}, but none of the members has this id`,
        "organizations.2.slug is also the slug of another of the organizations"
      ]
    )
  })

  const purchased = {
    organizations: [{ slug: "a" }],
    products: [{ id: uuid, organization: "a" }],
    customers: [{ id: uuid, organization: "a", email: "x" }],
    members: [{ id: uuid, customer: uuid, email: "x" }]
  }

  it("refuses an order with the id of a subscription, in any spelling of the id", () => {
    const row = { product: uuid, customer: uuid }
    assert.deepEqual(
      issues({
        ...purchased,
        subscriptions: [{ ...row, id: uuid }],
        orders: [row, { ...row, id: `{${uuid.toUpperCase()}}` }]
      }),
      ["orders.1.id is also the id of one of the subscriptions"]
    )
  })

  it("refuses a token with the prefix of another kind, and does not show the token", () => {
    const holders = [{ customer: uuid }, { member: uuid }, { organization: "a" }, { userOf: ["a"] }]
    const tokens = ["cst", "mst", "oat", "at_o", "pat", "at_u", "crt"].map((kind) => `polar_${kind}_s3cret`)
    const own = [[tokens[0]], [tokens[1]], [tokens[2], tokens[3]], [tokens[4], tokens[5]]]
    holders.forEach((holder, index) => {
      for (const token of [...tokens, "s3cret"]) {
        const found = issues({ ...purchased, tokens: [{ ...holder, token }] })
        if (own[index]?.includes(token) === true) assert.deepEqual(found, [], token)
        else {
          assert.match(found[0] ?? "", /^tokens\.0\.token must begin with polar_/, token)
          assert.notInclude(found.join(), "s3cret")
        }
      }
    })
    assert.deepEqual(issues({ ...purchased, tokens: [{ token: "polar_cst_x", member: uuid }] }), [
      "tokens.0.token must begin with polar_mst_, because the token belongs to a member"
    ])
    assert.deepEqual(issues({ ...purchased, tokens: [{ token: "polar_cst_x", organization: "a" }] }), [
      "tokens.0.token must begin with polar_oat_ or polar_at_o_, because the token belongs to an organization"
    ])
  })

  it.each([null, 3, "x", [], { seats: {} }, { seats: [null] }])("refuses %j without a crash", (input) => {
    assert.notDeepEqual(issues(input), [])
  })
})
