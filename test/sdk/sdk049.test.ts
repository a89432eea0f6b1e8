import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import type { models } from "@polar-sh/sdk/2027-01"
import { Effect, Predicate, Stream } from "effect"
import { Polar as Client } from "polar-sdk-0-49"
import { HTTPValidationError } from "polar-sdk-0-49/models/errors/httpvalidationerror"
import { SDKError } from "polar-sdk-0-49/models/errors/sdkerror"
import { SDKValidationError } from "polar-sdk-0-49/models/errors/sdkvalidationerror"
import { buyer, seats, single, subscription, tokens } from "../laws/world.ts"
import {
  alsoBens,
  ask,
  lastInvitation,
  limitRates,
  Polar,
  recipients,
  rejection,
  sessions,
  withPolar
} from "./polar.ts"
import { refusals, type Sdk } from "./refusals.ts"

const securityOf = (token: string) =>
  token.startsWith("polar_mst_") ? { memberSession: token } : { customerSession: token }

const fieldsOf = (body: models.CustomerSeatAssign) => ({
  subscriptionId: body.subscription_id,
  orderId: body.order_id,
  checkoutId: body.checkout_id,
  email: body.email,
  customerId: body.customer_id,
  externalCustomerId: body.external_customer_id,
  memberId: body.member_id,
  externalMemberId: body.external_member_id,
  metadata: body.metadata,
  immediateClaim: body.immediate_claim
})
const sourceOf = (query: { readonly subscription_id?: string; readonly order_id?: string }) => ({
  subscriptionId: query.subscription_id,
  orderId: query.order_id
})

/** The portal takes a session with each call. All other endpoints take the token of the client. */
const sdkOf = (serverURL: string, token: string): Sdk => {
  const { customerPortal, customerSeats, customerSessions } = new Client({ serverURL, accessToken: token })
  const security = securityOf(token)
  return {
    "portal.list": (query) => customerPortal.seats.listSeats(security, sourceOf(query)),
    "portal.assign": (body) => customerPortal.seats.assignSeat(security, fieldsOf(body)),
    "portal.revoke": (seatId) => customerPortal.seats.revokeSeat(security, { seatId }),
    "portal.resend": (seatId) => customerPortal.seats.resendInvitation(security, { seatId }),
    "portal.claimedSubscriptions": (query) => customerPortal.seats.listClaimedSubscriptions(security, query),
    "organization.list": (query) => customerSeats.listSeats(sourceOf(query)),
    "organization.assign": (body) => customerSeats.assignSeat(fieldsOf(body)),
    "organization.revoke": (seatId) => customerSeats.revokeSeat({ seatId }),
    "organization.resend": (seatId) => customerSeats.resendInvitation({ seatId }),
    "claim.info": (invitationToken) => customerSeats.getClaimInfo({ invitationToken }),
    "claim.claim": (invitationToken) => customerSeats.claimSeat({ invitationToken }),
    "sessions.create": (body) =>
      customerSessions.create(
        "customer_id" in body ? { customerId: body.customer_id } : { externalCustomerId: body.external_customer_id }
      )
  }
}

type Assignment = ReturnType<typeof fieldsOf>
const portal = ({ customerPortal }: Client, token: string) => ({
  assign: (body: Assignment) => customerPortal.seats.assignSeat(securityOf(token), body),
  list: (source: { subscriptionId: string }) => customerPortal.seats.listSeats(securityOf(token), source),
  resend: (seat: { seatId: string }) => customerPortal.seats.resendInvitation(securityOf(token), seat),
  revoke: (seat: { seatId: string }) => customerPortal.seats.revokeSeat(securityOf(token), seat)
})
const organization = ({ customerSeats }: Client): ReturnType<typeof portal> => ({
  assign: (body) => customerSeats.assignSeat(body),
  list: (source) => customerSeats.listSeats(source),
  resend: (seat) => customerSeats.resendInvitation(seat),
  revoke: (seat) => customerSeats.revokeSeat(seat)
})
const surfaces = [
  ["the portal, as a customer", tokens.customer, portal],
  ["the portal, as an owner", tokens.owner, portal],
  ["the organization", tokens.organization, organization]
] as const

// This SDK decodes every answer with zod, so each call also checks that the answer fits its generated types
describe("@polar-sh/sdk 0.49.0", () => {
  it.live.each(surfaces)("takes a seat from assignment to revocation through %s", ([, token, through]) =>
    Effect.gen(function* () {
      const { url } = yield* Polar
      const client = new Client({ serverURL: url, accessToken: token })
      const anybody = new Client({ serverURL: url })
      const service = through(client, token)

      const assigned = yield* ask(() =>
        service.assign(fieldsOf({ subscription_id: single, email: "zoe@acme.com", metadata: { desk: 7 } }))
      )
      const seatId = assigned.id
      assert.deepInclude(assigned, {
        subscriptionId: single,
        orderId: null,
        status: "pending",
        customerId: buyer,
        email: "zoe@acme.com",
        customerEmail: "zoe@acme.com",
        claimedAt: null,
        seatMetadata: { desk: 7 }
      })
      assert.deepInclude({ ...assigned.member }, { email: "zoe@acme.com", role: "member" })
      assert.strictEqual(assigned.member?.id, assigned.memberId)

      const list = () => service.list({ subscriptionId: single })
      assert.deepEqual(yield* ask(list), { seats: [assigned], availableSeats: 0, totalSeats: 1 })

      const invitationToken = yield* lastInvitation
      assert.deepEqual(yield* ask(() => service.resend({ seatId })), assigned)
      assert.strictEqual(yield* lastInvitation, invitationToken)
      assert.deepEqual(yield* recipients, ["zoe@acme.com", "zoe@acme.com"])

      const info = yield* ask(() => anybody.customerSeats.getClaimInfo({ invitationToken }))
      assert.deepInclude(info, {
        productName: "Acme Pro",
        organizationName: "Acme",
        organizationSlug: "acme",
        customerEmail: "zoe@acme.com",
        canClaim: true
      })

      const claim = yield* ask(() => anybody.customerSeats.claimSeat({ invitationToken }))
      assert.deepInclude(claim.seat, { id: seatId, status: "claimed", memberId: assigned.memberId })

      const zoe = { memberSession: claim.customerSessionToken }
      const { result } = yield* ask(() => anybody.customerPortal.seats.listClaimedSubscriptions(zoe, {}))
      assert.deepEqual(
        result.items.map(({ customerId, id, product }) => [id, customerId, product.name]),
        [[single, buyer, "Acme Pro"]]
      )
      assert.deepEqual(result.pagination, { totalCount: 1, maxPage: 1 })

      const revoked = yield* ask(() => service.revoke({ seatId }))
      assert.deepInclude(revoked, { id: seatId, status: "revoked", email: null, customerEmail: "zoe@acme.com" })
      assert.deepInclude(yield* ask(list), { availableSeats: 1 })
    }).pipe(withPolar)
  )

  it.live("decodes every kind of seat", () =>
    Effect.gen(function* () {
      const { url } = yield* Polar
      const { seats } = new Client({ serverURL: url }).customerPortal
      const found = yield* ask(() => seats.listSeats(securityOf(tokens.member), { subscriptionId: subscription }))
      assert.sameMembers([...new Set(found.seats.map(({ status }) => status))], ["pending", "claimed", "revoked"])
    }).pipe(withPolar)
  )

  it.live.each([tokens.member, tokens.customer])("reads claimed subscriptions page by page with %s", (token) =>
    Effect.gen(function* () {
      const { url } = yield* Polar
      const { seats } = new Client({ serverURL: url }).customerPortal
      const pages = yield* ask(() => seats.listClaimedSubscriptions(securityOf(token), { limit: 1 }))
      const found = yield* Stream.runCollect(Stream.fromAsyncIterable(pages, (error) => error))
      const ids: ReadonlyArray<string> = [subscription, ...alsoBens]
      assert.sameMembers(
        found.flatMap(({ result }) => result.items.map(({ id }) => id)),
        [...ids]
      )
    }).pipe(withPolar)
  )

  it.live.each(sessions)(
    "creates a session for $name that opens the portal",
    ({ customer, email, kind, member, token }) =>
      Effect.gen(function* () {
        const { url } = yield* Polar
        const { customerPortal, customerSessions } = new Client({ serverURL: url, accessToken: token })
        const session = yield* ask(() =>
          customerSessions.create({ customerId: customer, memberId: member, returnUrl: "https://acme.com/" })
        )
        assert.deepInclude(session, { customerId: customer, returnUrl: "https://acme.com/" })
        assert.strictEqual(session.customer.email, email)
        assert.isTrue(session.token.startsWith(kind))
        const { result } = yield* ask(() =>
          customerPortal.seats.listClaimedSubscriptions(securityOf(session.token), {})
        )
        assert.deepEqual(result.items, [])
      }).pipe(withPolar)
  )
})

describe("@polar-sh/sdk 0.49.0 gets the refusal", () => {
  // It has a class for 422 only. All other refusals are its SDKError
  it.live.each(refusals)("$status $error, $name", ({ ask: refused, error, status, token }) =>
    Effect.gen(function* () {
      const { url } = yield* Polar
      const thrown = yield* rejection(() => refused(sdkOf(url, token)))
      assert.strictEqual(
        Predicate.isError(thrown) && thrown.constructor,
        status === 422 ? HTTPValidationError : SDKError
      )
      if (!(thrown instanceof SDKError || thrown instanceof HTTPValidationError)) return
      assert.strictEqual(thrown.statusCode, status)
      if (error === null) assert.strictEqual(thrown.body, "Internal Server Error")
      else assert.strictEqual(JSON.parse(thrown.body).error, error)
      if (thrown instanceof HTTPValidationError) assert.isAbove(thrown.detail?.length ?? 0, 0)
      assert.deepEqual(yield* recipients, [])
    }).pipe(withPolar)
  )

  it.live("429 as SDKError, without a retry", () =>
    Effect.gen(function* () {
      const { url } = yield* Polar
      yield* limitRates
      const { customerSeats } = new Client({ serverURL: url, accessToken: tokens.organization })
      for (let request = 0; request < 101; request++) {
        yield* ask(() => customerSeats.listSeats({ subscriptionId: subscription }))
      }
      const thrown = yield* rejection(() => customerSeats.resendInvitation({ seatId: seats.live }))
      assert.strictEqual(thrown instanceof SDKError && thrown.statusCode, 429)
      assert.strictEqual(thrown instanceof SDKError && thrown.headers.get("retry-after"), "60")
      assert.deepEqual(yield* recipients, [])
    }).pipe(withPolar)
  )

  it.live.each([
    ["an address that is not a string", { subscription_id: subscription, email: 7 }],
    ["metadata that is not an object", { subscription_id: subscription, email: "zoe@acme.com", metadata: "desk 7" }],
    ["a flag that is not a boolean", { subscription_id: subscription, email: "zoe@acme.com", immediate_claim: "yes" }]
  ])("SDKValidationError without sending %s", ([, body]) =>
    Effect.gen(function* () {
      const { url } = yield* Polar
      const thrown = yield* rejection(() =>
        sdkOf(url, tokens.customer)["portal.assign"](JSON.parse(JSON.stringify(body)))
      )
      assert.strictEqual(Predicate.isError(thrown) && thrown.constructor, SDKValidationError)
      assert.deepEqual(yield* Effect.flatMap(Emulator.Emulator, ({ requests }) => requests), [])
    }).pipe(withPolar)
  )
})
