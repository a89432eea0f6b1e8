import { assert, describe, it } from "@effect/vitest"
import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource } from "@polar-seats/domain/SeatSource"
import { CustomerSessions, layer as layerSessions } from "@polar-seats/http/CustomerSessions"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Effect, Layer, Redacted, Result } from "effect"
import {
  acme,
  globex,
  globexBuyer,
  holder,
  ofGlobex,
  seats,
  sharedExternalId,
  subscription,
  tokens,
  unknown,
  world
} from "../laws/world.ts"
import { Polar, recipients } from "../sdk/polar.ts"

const withPolar = Effect.provide(Polar.layer(world))
const users = [tokens.userOfBoth, tokens.oauthOfBoth]

interface Sent {
  readonly token?: string | undefined
  readonly organization?: string | undefined
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

/** Sends one request over a socket, and returns its answer. */
const send = Effect.fnUntraced(function* (method: string, path: string, sent: Sent) {
  const { url } = yield* Polar
  const headers = {
    ...(sent.token === undefined ? {} : { authorization: `Bearer ${sent.token}` }),
    ...(sent.organization === undefined ? {} : { "Polar-Organization": sent.organization }),
    ...(sent.body === undefined ? {} : { "content-type": "application/json" }),
    ...sent.headers
  }
  const body = sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }
  const response = yield* Effect.promise(() => fetch(url + path, { method, headers, ...body }))
  return { status: response.status, headers: response.headers, body: yield* Effect.promise(() => response.text()) }
})

const merchant = "/v1/customer-seats"
const inaccessible = {
  error: "RequestedOrganizationNotAccessible",
  detail: "The organization in the Polar-Organization header is not accessible with this credential."
}
const malformed = {
  error: "InvalidRequestedOrganization",
  detail: "The Polar-Organization header must be an organization ID."
}

// Each route of organizations, for something of Acme's and for something of Globex's
const routes = [
  ["GET", (of: "acme" | "globex") => `${merchant}?subscription_id=${of === "acme" ? subscription : ofGlobex}`],
  [
    "POST",
    () => merchant,
    (of: "acme" | "globex") => ({
      subscription_id: of === "acme" ? subscription : ofGlobex,
      email: "zoe@example.com"
    })
  ],
  ["POST", (of: "acme" | "globex") => `${merchant}/${of === "acme" ? seats.live : seats.ofGlobex}/resend`],
  ["DELETE", (of: "acme" | "globex") => `${merchant}/${of === "acme" ? seats.live : seats.ofGlobex}`],
  [
    "POST",
    () => "/v1/customer-sessions/",
    (of: "acme" | "globex") => ({ customer_id: of === "acme" ? holder : globexBuyer })
  ]
] as const
const cases = users.flatMap((token) =>
  routes.map(([method, path, body]) => ({ name: `${method} ${path("acme")}`, token, method, path, body }))
)

describe("a user token of two organizations", () => {
  it.live.each(cases)("$token reaches with $name only what is named", ({ body, method, path, token }) =>
    Effect.gen(function* () {
      const status = (of: "acme" | "globex", organization?: string) =>
        Effect.map(send(method, path(of), { token, organization, body: body?.(of) }), (answer) => answer.status)
      const done = path("acme") === "/v1/customer-sessions/" ? 201 : 200
      const missing = done === 201 ? 422 : 404
      assert.deepEqual([yield* status("acme", globex), yield* status("globex", acme)], [missing, missing])
      assert.deepEqual([yield* status("acme", unknown), yield* status("acme", "acme")], [403, 400])
      assert.deepEqual(yield* recipients, [], "a refusal mails nobody")
      assert.deepEqual([yield* status("acme", acme), yield* status("globex", globex)], [done, done])
    }).pipe(withPolar)
  )

  it.live("reaches both without the header", () =>
    Effect.gen(function* () {
      for (const of of ["acme", "globex"] as const) {
        for (const [method, path, body] of routes) {
          const answer = yield* send(method, path(of), { token: tokens.userOfBoth, body: body?.(of) })
          assert.isBelow(answer.status, 300, `${method} ${path(of)}`)
        }
      }
    }).pipe(withPolar)
  )
})

describe("Polar-Organization", () => {
  const list = `${merchant}?subscription_id=${subscription}`
  it.live.each([
    acme.toUpperCase(),
    acme.replaceAll("-", ""),
    `{${acme}}`,
    `urn:uuid:${acme}`,
    acme.replace("-", "").replace(/$/, "-")
  ])("may be spelled %s, as Python reads a UUID", (organization) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* send("GET", list, { token: tokens.userOfBoth, organization })).status, 200)
    }).pipe(withPolar)
  )

  it.live.each(["", "acme", acme.slice(1), `${acme}0`, `${acme}, ${acme}`, "0".repeat(31) + "g"])(
    "that is %j is refused as malformed",
    (organization) =>
      Effect.gen(function* () {
        for (const token of [...users, tokens.organization]) {
          const answer = yield* send("GET", list, { token, organization })
          assert.deepEqual([answer.status, JSON.parse(answer.body)], [400, malformed])
        }
      }).pipe(withPolar)
  )

  it.live("means the same on every route, before the route is looked up, and after the token", () =>
    Effect.gen(function* () {
      for (const path of ["/v1/nothing", `${merchant}/claim/live`, `${merchant}/not-a-uuid`]) {
        const refused = yield* send("GET", path, { token: tokens.userOfBoth, organization: unknown })
        assert.deepEqual([refused.status, JSON.parse(refused.body)], [403, inaccessible], path)
        assert.strictEqual(
          (yield* send("GET", path, { token: "polar_pat_unknown", organization: unknown })).status,
          401
        )
      }
    }).pipe(withPolar)
  )

  it.live("must name its own organization with an organization token", () =>
    Effect.gen(function* () {
      const token = tokens.organization
      assert.strictEqual((yield* send("GET", list, { token, organization: acme })).status, 200)
      for (const organization of [globex, unknown]) {
        const refused = yield* send("GET", list, { token, organization })
        assert.deepEqual([refused.status, JSON.parse(refused.body)], [403, inaccessible])
      }
    }).pipe(withPolar)
  )

  it.live("is ignored with a session, and without a token", () =>
    Effect.gen(function* () {
      const portal = `/v1/customer-portal/seats?subscription_id=${subscription}`
      for (const organization of ["acme", globex, unknown]) {
        for (const token of [tokens.customer, tokens.member]) {
          assert.strictEqual((yield* send("GET", portal, { token, organization })).status, 200)
        }
        assert.strictEqual((yield* send("GET", `${merchant}/claim/live`, { organization })).status, 200)
        assert.strictEqual((yield* send("GET", list, { organization })).status, 401)
      }
    }).pipe(withPolar)
  )

  it.live("that is refused has the headers of other answers, and stands in the ledger with its caller", () =>
    Effect.gen(function* () {
      const { url } = yield* Polar
      const origin = { origin: "https://app.test" }
      const { headers } = yield* send("GET", list, { token: tokens.userOfBoth, organization: unknown, headers: origin })
      assert.deepEqual(
        ["content-type", "cache-control", "polar-version", "access-control-allow-origin"].map((name) =>
          headers.get(name)
        ),
        ["application/json", "private, no-store", "2026-10", "*"]
      )
      yield* send("GET", list, { token: tokens.userOfBoth, organization: globex })
      const ledger = yield* Effect.promise(async () => (await fetch(`${url}/_emulator/requests`)).json())
      assert.deepEqual(
        (ledger as ReadonlyArray<{ status: number; subject: string }>).map(({ status, subject }) => [status, subject]),
        [
          [403, "organization:acme,globex"],
          [404, "organization:globex"]
        ]
      )
    }).pipe(withPolar)
  )
})

const through = <A, E, R>(
  use: Effect.Effect<A, E, R>,
  { organization, token = tokens.userOfBoth }: { readonly organization?: string; readonly token?: string } = {}
) =>
  Effect.gen(function* () {
    const { url } = yield* Polar
    const options = { baseUrl: url, token: Redacted.make(token), organization }
    const services = Layer.merge(OrganizationSeats.layer(options), layerSessions(options))
    return yield* Effect.result(Effect.provide(use, Layer.provide(services, FetchTransport.layer)))
  })

describe("the clients of an organization", () => {
  const assign = (id: typeof ofGlobex) =>
    Effect.flatMap(Seats, (service) =>
      service.assign({
        source: AssignmentSource.Subscription({ id }),
        recipient: Recipient.Email({ email: "zoe@example.com" })
      })
    )
  const list = (id: typeof ofGlobex) =>
    Effect.flatMap(Seats, (service) => service.list(SeatSource.Subscription({ id })))
  const resend = (id: typeof seats.ofGlobex) => Effect.flatMap(Seats, (service) => service.resend(id))
  const revoke = (id: typeof seats.ofGlobex) => Effect.flatMap(Seats, (service) => service.revoke(id))

  it.live("act for the one that is named", () =>
    Effect.gen(function* () {
      for (const call of [assign(ofGlobex), list(ofGlobex), resend(seats.ofGlobex), revoke(seats.ofGlobex)]) {
        const refused = yield* through<unknown, { readonly _tag: string }, Seats>(call, { organization: acme })
        assert.strictEqual(Result.isFailure(refused) && refused.failure._tag, "NotFound")
        assert.isTrue(Result.isSuccess(yield* through<unknown, unknown, Seats>(call, { organization: globex })))
      }
    }).pipe(withPolar)
  )

  it.live.each([
    [unknown, "Forbidden", "The token does not reach the organization that the request names, so nothing happened."],
    ["acme", "InvalidRequest", "The Polar-Organization header must be an organization ID."]
  ] as const)("say that %s cannot be acted for", ([organization, tag, words]) =>
    Effect.gen(function* () {
      const create = Effect.flatMap(CustomerSessions, (sessions) => sessions.create({ customer: { id: holder } }))
      for (const refused of [
        Result.getOrThrow(Result.flip(yield* through(resend(seats.live), { organization }))),
        Result.getOrThrow(Result.flip(yield* through(create, { organization })))
      ]) {
        assert.strictEqual(refused._tag, tag)
        assert.include(refused.message, words)
      }
      assert.deepEqual(yield* recipients, [])
    }).pipe(withPolar)
  )
})

describe("an external id that means customers of two organizations", () => {
  const create = (externalId: string) =>
    Effect.flatMap(CustomerSessions, (sessions) => sessions.create({ customer: { externalId } }))

  it.live.each(users)("is answered with 409 to %s", (token) =>
    Effect.gen(function* () {
      const body = { external_customer_id: sharedExternalId }
      const answer = yield* send("POST", "/v1/customer-sessions/", { token, body })
      assert.deepEqual(
        [answer.status, JSON.parse(answer.body)],
        [
          409,
          {
            error: "AmbiguousExternalCustomerID",
            detail:
              "Several customers across your organizations share this external customer ID. Use an organization-scoped token, the Polar customer ID, or a unique external ID to disambiguate."
          }
        ]
      )
    }).pipe(withPolar)
  )

  it.live("is AmbiguousCustomer, which tells the caller to name the organization", () =>
    Effect.gen(function* () {
      const refused = yield* through(create(sharedExternalId))
      if (Result.isSuccess(refused)) return assert.fail("it was not refused")
      assert.deepInclude(refused.failure, { _tag: "AmbiguousCustomer", externalId: sharedExternalId })
      assert.include(refused.failure.message, "Name the organization with the option `organization`")
    }).pipe(withPolar)
  )

  it.live.each([
    [acme, holder],
    [globex, globexBuyer]
  ] as const)("means the customer of the organization that is named: %s", ([organization, customerId]) =>
    Effect.gen(function* () {
      const made = yield* through(create(sharedExternalId), { organization })
      assert.strictEqual(Result.isSuccess(made) && made.success.customerId, customerId)
    }).pipe(withPolar)
  )

  it.live("is clear to a token of one organization, and to Polar's own id", () =>
    Effect.gen(function* () {
      const one = yield* through(create(sharedExternalId), { token: tokens.sessions })
      assert.strictEqual(Result.isSuccess(one) && one.success.customerId, holder)
      const byId = Effect.flatMap(CustomerSessions, (sessions) => sessions.create({ customer: { id: globexBuyer } }))
      const own = yield* through(byId)
      assert.strictEqual(Result.isSuccess(own) && own.success.customerId, globexBuyer)
    }).pipe(withPolar)
  )

  it.live("is InvalidRequest through layerForCustomer, unless the organization is named", () =>
    Effect.gen(function* () {
      const { url } = yield* Polar
      const listed = (organization?: string) => {
        const layer = PortalSeats.layerForCustomer({
          baseUrl: url,
          token: Redacted.make(tokens.userOfBoth),
          customer: { externalId: sharedExternalId },
          organization
        })
        return Effect.flatMap(Seats, (service) => service.list(SeatSource.Subscription({ id: ofGlobex }))).pipe(
          Effect.provide(Layer.provide(layer, FetchTransport.layer)),
          Effect.result
        )
      }
      const refused = yield* listed()
      if (Result.isSuccess(refused)) return assert.fail("it was not refused")
      assert.strictEqual(refused.failure._tag, "InvalidRequest")
      assert.include(refused.failure.message, "the option `organization`")
      const found = yield* listed(globex)
      assert.strictEqual(Result.isSuccess(found) && found.success.totalSeats, 2)
    }).pipe(withPolar)
  )
})
