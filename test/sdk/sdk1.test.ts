import { assert, describe, it } from "@effect/vitest"
import { PolarClientError, PolarRateLimitError, PolarServerError } from "@polar-sh/sdk"
import * as v2026_04 from "@polar-sh/sdk/2026-04"
import * as v2026_10 from "@polar-sh/sdk/2026-10"
import * as v2027_01 from "@polar-sh/sdk/2027-01"
import { createPolar, errors, type Polar as Client } from "@polar-sh/sdk/2027-01"
import { Effect, Predicate, Stream } from "effect"
import {
  acme,
  buyer,
  globex,
  globexBuyer,
  holder,
  ofGlobex,
  seats,
  sharedExternalId,
  single,
  subscription,
  tokens,
  unknown
} from "../laws/world.ts"
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
import { type Operation, refusals, type Sdk } from "./refusals.ts"

const versions = { "2026-04": v2026_04, "2026-10": v2026_10, "2027-01": v2027_01 }
/** The type that the versions share. */
interface AnyClient {
  readonly customerPortal: Pick<Client["customerPortal"], "seats">
  readonly customerSeats: Client["customerSeats"]
}
const surfaces = [
  ["the portal, as a customer", tokens.customer, (polar: AnyClient) => polar.customerPortal.seats],
  ["the portal, as an owner", tokens.owner, (polar: AnyClient) => polar.customerPortal.seats],
  ["the organization", tokens.organization, (polar: AnyClient) => polar.customerSeats]
] as const
const journeys = Object.entries(versions).flatMap(([version, sdk]) =>
  surfaces.map(([through, token, seatsOf]) => [version, through, sdk, token, seatsOf] as const)
)

describe("@polar-sh/sdk 1.0.1", () => {
  it.live.each(journeys)(
    "takes a seat from assignment to revocation with %s through %s",
    ([, , sdk, accessToken, seatsOf]) =>
      Effect.gen(function* () {
        const { url } = yield* Polar
        const polar = sdk.createPolar({ baseUrl: url, accessToken })
        const anybody = sdk.createPolar({ baseUrl: url, accessToken: "" })
        const service = seatsOf(polar)

        const assigned = yield* ask(() =>
          service.assignSeat({ subscription_id: single, email: "zoe@acme.com", metadata: { desk: 7 } })
        )
        assert.deepInclude(assigned, {
          subscription_id: single,
          order_id: null,
          status: "pending",
          customer_id: buyer,
          email: "zoe@acme.com",
          customer_email: "zoe@acme.com",
          claimed_at: null,
          seat_metadata: { desk: 7 }
        })
        assert.deepInclude({ ...assigned.member }, { email: "zoe@acme.com", role: "member" })
        assert.strictEqual(assigned.member?.id, assigned.member_id)

        const list = () => service.listSeats({ subscription_id: single })
        assert.deepEqual(yield* ask(list), { seats: [assigned], available_seats: 0, total_seats: 1 })

        const invitation_token = yield* lastInvitation
        assert.deepEqual(yield* ask(() => service.resendInvitation(assigned.id)), assigned)
        assert.strictEqual(yield* lastInvitation, invitation_token)
        assert.deepEqual(yield* recipients, ["zoe@acme.com", "zoe@acme.com"])

        const info = yield* ask(() => anybody.customerSeats.getClaimInfo(invitation_token))
        assert.deepInclude(info, {
          product_name: "Acme Pro",
          organization_name: "Acme",
          organization_slug: "acme",
          customer_email: "zoe@acme.com",
          can_claim: true
        })

        const claim = yield* ask(() => anybody.customerSeats.claimSeat({ invitation_token }))
        assert.deepInclude(claim.seat, { id: assigned.id, status: "claimed", member_id: assigned.member_id })

        const zoe = sdk.createPolar({ baseUrl: url, accessToken: claim.customer_session_token })
        const claimed = yield* ask(() => zoe.customerPortal.seats.listClaimedSubscriptions())
        assert.deepEqual(
          claimed.items.map(({ customer_id, id, product }) => [id, customer_id, product.name]),
          [[single, buyer, "Acme Pro"]]
        )
        assert.deepEqual(claimed.pagination, { total_count: 1, max_page: 1 })

        const revoked = yield* ask(() => service.revokeSeat(assigned.id))
        assert.deepInclude(revoked, { id: assigned.id, status: "revoked", email: null, customer_email: "zoe@acme.com" })
        assert.deepInclude(yield* ask(list), { available_seats: 1 })
      }).pipe(withPolar)
  )

  it.live.each([tokens.member, tokens.customer])("reads claimed subscriptions page by page with %s", (accessToken) =>
    Effect.gen(function* () {
      const { url } = yield* Polar
      const { seats } = createPolar({ baseUrl: url, accessToken }).customerPortal
      const found = yield* Stream.runCollect(
        Stream.fromAsyncIterable(seats.iterListClaimedSubscriptions({ limit: 1 }), (error) => error)
      )
      const ids: ReadonlyArray<string> = [subscription, ...alsoBens]
      assert.sameMembers(
        found.map(({ id }) => id),
        [...ids]
      )
    }).pipe(withPolar)
  )

  it.live.each(sessions)(
    "creates a session for $name that opens the portal",
    ({ customer, email, kind, member, token }) =>
      Effect.gen(function* () {
        const { url } = yield* Polar
        const { customerSessions } = createPolar({ baseUrl: url, accessToken: token })
        const session = yield* ask(() =>
          customerSessions.create({ customer_id: customer, member_id: member ?? null, return_url: "https://acme.com/" })
        )
        assert.deepInclude(session, { customer_id: customer, return_url: "https://acme.com/" })
        assert.strictEqual(session.customer.email, email)
        assert.isTrue(session.token.startsWith(kind))
        const { seats } = createPolar({ baseUrl: url, accessToken: session.token }).customerPortal
        assert.deepEqual((yield* ask(() => seats.listClaimedSubscriptions())).items, [])
      }).pipe(withPolar)
  )

  it.live("acts for the organization that the client of a user token names", () =>
    Effect.gen(function* () {
      const { url } = yield* Polar
      const client = (organizationId?: string) =>
        createPolar({
          baseUrl: url,
          accessToken: tokens.userOfBoth,
          ...(organizationId === undefined ? {} : { organizationId })
        })
      const listed = (organizationId?: string) => () =>
        client(organizationId).customerSeats.listSeats({ subscription_id: ofGlobex })
      assert.strictEqual((yield* ask(listed())).total_seats, 2)
      assert.strictEqual((yield* ask(listed(globex))).total_seats, 2)
      for (const [organizationId, status] of [
        [acme, 404],
        [unknown, 403],
        ["globex", 400]
      ] as const) {
        const thrown = yield* rejection(listed(organizationId))
        assert.strictEqual(thrown instanceof PolarClientError && thrown.statusCode, status)
      }
      const session = (organizationId?: string) => () =>
        client(organizationId).customerSessions.create({ external_customer_id: sharedExternalId })
      assert.strictEqual((yield* ask(session(acme))).customer_id, holder)
      assert.strictEqual((yield* ask(session(globex))).customer_id, globexBuyer)
      assert.instanceOf(yield* rejection(session()), errors.AmbiguousExternalCustomerID)
    }).pipe(withPolar)
  )
})

const sdkOf = ({ customerPortal, customerSeats, customerSessions }: Client): Sdk => ({
  "portal.list": customerPortal.seats.listSeats,
  "portal.assign": customerPortal.seats.assignSeat,
  "portal.revoke": customerPortal.seats.revokeSeat,
  "portal.resend": customerPortal.seats.resendInvitation,
  "portal.claimedSubscriptions": customerPortal.seats.listClaimedSubscriptions,
  "organization.list": customerSeats.listSeats,
  "organization.assign": customerSeats.assignSeat,
  "organization.revoke": customerSeats.revokeSeat,
  "organization.resend": customerSeats.resendInvitation,
  "claim.info": customerSeats.getClaimInfo,
  "claim.claim": (invitation_token) => customerSeats.claimSeat({ invitation_token }),
  "sessions.create": customerSessions.create
})

type ErrorClass = abstract new (...args: ReadonlyArray<never>) => Error

/** The class that the SDK documents with `@throws` for each status of a call. */
const documented: Record<Operation, Record<number, ErrorClass>> = {
  // The SDK documents CustomerPortalSeatsListSeats403Error too, but every role may list
  "portal.list": {
    401: errors.CustomerPortalSeatsListSeats401Error,
    404: errors.CustomerPortalSeatsListSeats404Error
  },
  "portal.assign": {
    400: errors.CustomerPortalSeatsAssignSeat400Error,
    401: errors.CustomerPortalSeatsAssignSeat401Error,
    403: errors.CustomerPortalSeatsAssignSeat403Error,
    404: errors.CustomerPortalSeatsAssignSeat404Error
  },
  "portal.revoke": {
    401: errors.CustomerPortalSeatsRevokeSeat401Error,
    403: errors.CustomerPortalSeatsRevokeSeat403Error,
    404: errors.CustomerPortalSeatsRevokeSeat404Error
  },
  "portal.resend": {
    400: errors.CustomerPortalSeatsResendInvitation400Error,
    401: errors.CustomerPortalSeatsResendInvitation401Error,
    403: errors.CustomerPortalSeatsResendInvitation403Error,
    404: errors.CustomerPortalSeatsResendInvitation404Error
  },
  "portal.claimedSubscriptions": { 401: errors.CustomerPortalSeatsListClaimedSubscriptions401Error },
  "organization.list": {
    401: errors.CustomerSeatsListSeats401Error,
    403: errors.CustomerSeatsListSeats403Error,
    404: errors.CustomerSeatsListSeats404Error
  },
  "organization.assign": {
    400: errors.CustomerSeatsAssignSeat400Error,
    401: errors.CustomerSeatsAssignSeat401Error,
    403: errors.CustomerSeatsAssignSeat403Error,
    404: errors.CustomerSeatsAssignSeat404Error
  },
  "organization.revoke": {
    401: errors.CustomerSeatsRevokeSeat401Error,
    403: errors.CustomerSeatsRevokeSeat403Error,
    404: errors.CustomerSeatsRevokeSeat404Error
  },
  "organization.resend": {
    400: errors.CustomerSeatsResendInvitation400Error,
    401: errors.CustomerSeatsResendInvitation401Error,
    403: errors.CustomerSeatsResendInvitation403Error,
    404: errors.CustomerSeatsResendInvitation404Error
  },
  // The SDK documents CustomerSeatsGetClaimInfo400Error too, but Polar never answers 400 here
  // Nor 403, which was about the switch for seats
  "claim.info": { 404: errors.CustomerSeatsGetClaimInfo404Error },
  "claim.claim": { 400: errors.CustomerSeatsClaimSeat400Error },
  "sessions.create": { 409: errors.AmbiguousExternalCustomerID }
}
const classOf = (operation: Operation, status: number): ErrorClass => {
  if (status >= 500) return PolarServerError
  if (status === 422) return errors.HTTPValidationError
  return documented[operation][status] ?? PolarClientError
}

/** The `error` of Polar's body. The SDK parses the body only if it knows the status. */
const nameOf = ({ error }: PolarClientError): unknown => {
  const body: unknown = Predicate.isString(error) ? JSON.parse(error) : error
  return Predicate.hasProperty(body, "error") ? body.error : undefined
}

describe("@polar-sh/sdk 1.0.1 gets the refusal", () => {
  it.live.each(refusals)("$status $error, $name", ({ ask: refused, error, operation, status, token }) =>
    Effect.gen(function* () {
      const { url } = yield* Polar
      const thrown = yield* rejection(() => refused(sdkOf(createPolar({ baseUrl: url, accessToken: token }))))
      if (!(thrown instanceof Error)) return assert.fail(`not an error: ${String(thrown)}`)
      assert.strictEqual(thrown.constructor, classOf(operation, status))
      if (thrown instanceof PolarClientError) {
        assert.deepEqual([thrown.statusCode, nameOf(thrown)], [status, error])
      } else {
        // The error has no field for the status
        assert.strictEqual(thrown.message, `Polar API returned a server error: ${status} - Internal Server Error`)
      }
      assert.deepEqual(yield* recipients, [])
    }).pipe(withPolar)
  )

  it.live.each(["claim.info", "claim.claim"] as const)(
    "401 invalid_token from %s for a bad token, although it needs no token",
    (operation) =>
      Effect.gen(function* () {
        const { url } = yield* Polar
        const sdk = sdkOf(createPolar({ baseUrl: url, accessToken: tokens.unknown }))
        const thrown = yield* rejection(() => sdk[operation]("live"))
        assert.strictEqual(thrown instanceof PolarClientError && thrown.constructor, PolarClientError)
        assert.deepEqual(thrown instanceof PolarClientError && [thrown.statusCode, nameOf(thrown)], [
          401,
          "invalid_token"
        ])
      }).pipe(withPolar)
  )

  it.live("429 as PolarRateLimitError with the time to wait", () =>
    Effect.gen(function* () {
      const { url } = yield* Polar
      yield* limitRates
      const { customerSeats } = createPolar({ baseUrl: url, accessToken: tokens.organization })
      // One request while the token is unknown, and the hundred of a minute
      for (let request = 0; request < 101; request++) {
        yield* ask(() => customerSeats.listSeats({ subscription_id: subscription }))
      }
      const thrown = yield* rejection(() => customerSeats.resendInvitation(seats.live))
      assert.strictEqual(thrown instanceof PolarRateLimitError && thrown.retryAfter, 60)
      assert.deepEqual(yield* recipients, [])
    }).pipe(withPolar)
  )

  it("in every class that the SDK documents", () => {
    const met = new Set(refusals.map(({ operation, status }) => classOf(operation, status)))
    const missing = Object.values(documented).flatMap((classes) =>
      Object.values(classes).filter((one) => !met.has(one))
    )
    assert.deepEqual(missing, [])
  })
})
