import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { type Assignment, AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { CustomerId, MemberId, SeatId } from "@polar-seats/domain/Seat"
import { isSafeToRetry, mayHaveHappened } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { OrderId, SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as CustomerSessions from "@polar-seats/http/CustomerSessions"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as Pace from "@polar-seats/http/Pace"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Effect, Fiber, Layer, Redacted } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import { RateLimiter } from "effect/persistence"
import type { Socket } from "node:net"
import { createServer } from "node:net"
import { documentedMember, documentedSeat } from "./polarFixtures.ts"

const token = Redacted.make("polar_cst_x")
const seatId = SeatId.make(documentedSeat.id)
const otherId = SeatId.make("7c9e6679-7425-40de-944b-e07fc1f90ae7")
const thirdId = SeatId.make("2b7e1516-28ae-4d2a-abf7-158809cf4f3c")
const other = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"

const isAboutAnother = (error: { readonly _tag: string }, mayHave = true, what = "seat") => {
  assert.containSubset(error, {
    _tag: "Unavailable",
    reason: { _tag: "UnexpectedResponse", description: `the answer is about another ${what}` }
  })
  assert.strictEqual(mayHaveHappened(error), mayHave)
  assert.isFalse(isSafeToRetry(error))
}

describe("a server that answers out of step on a kept connection", () => {
  /** It gives each request on a connection, after the first, the answer to the request before. */
  const outOfStep = Effect.gen(function* () {
    const requests: Array<{ readonly seatId: string; readonly connection: number }> = []
    const sockets = new Set<Socket>()
    let connections = 0
    let isLate = (_seatId: string) => false
    const server = yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const server = createServer((socket) => {
          const connection = ++connections
          let answered: string | undefined
          sockets.add(socket)
          socket.on("error", () => {})
          socket.on("data", (data) => {
            const [, asked = ""] = /seats\/([\w-]+)/.exec(data.toString()) ?? []
            requests.push({ seatId: asked, connection })
            const body = JSON.stringify({ ...documentedSeat, id: answered ?? asked })
            answered = asked
            const send = () => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
            if (isLate(asked)) setTimeout(send, 200)
            else send()
          })
        }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.sync(() => {
          server.close()
          for (const socket of sockets) socket.destroy()
        })
    )
    const address = server.address()
    const port = address !== null && typeof address === "object" ? address.port : 0
    const delay = (seatId: string) => {
      isLate = (asked) => asked === seatId
    }
    return { url: `http://127.0.0.1:${port}`, requests, delay }
  })

  const revokeAll = Effect.forEach([seatId, otherId, thirdId], (id) =>
    Effect.result(Effect.flatMap(Seats, (seats) => seats.revoke(id)))
  )
  const through = (client: Layer.Layer<HttpClient.HttpClient>, url: string) =>
    Effect.provide(Layer.orDie(PortalSeats.layer({ token, baseUrl: url })).pipe(Layer.provide(client)))
  const paced = (client: Layer.Layer<HttpClient.HttpClient>) =>
    Layer.orDie(Pace.layer()).pipe(
      Layer.provide(RateLimiter.layer),
      Layer.provide(RateLimiter.layerStoreMemory),
      Layer.provide(client)
    )

  const ours = Layer.orDie(UndiciTransport.layerOptions({ connections: 1 }))
  it.live.each([
    ["our transport", ours],
    ["a Pace over our transport", paced(ours)]
  ] as const)("is noticed, and %s uses the connection no more", ([_, client]) =>
    Effect.gen(function* () {
      const { requests, url } = yield* outOfStep
      const [first, second, third] = yield* through(client, url)(revokeAll)
      assert.strictEqual(first?._tag, "Success")
      isAboutAnother(second?._tag === "Failure" ? second.failure : assert.fail("the answer was believed"))
      assert.strictEqual(third?._tag, "Success")
      assert.deepEqual(requests, [
        { seatId, connection: 1 },
        { seatId: otherId, connection: 1 },
        { seatId: thirdId, connection: 2 }
      ])
    })
  )

  it.live.each([
    ["undici's client of Effect", NodeHttpClient.layerUndiciOptions({ connections: 1 })],
    ["fetch", FetchHttpClient.layer],
    ["our fetch", FetchTransport.layer]
  ] as const)("is noticed each time through %s, which keeps the connection", ([_, client]) =>
    Effect.gen(function* () {
      const { requests, url } = yield* outOfStep
      const results = yield* through(client, url)(revokeAll)
      const connections = new Map<number, number>()
      for (const [nth, { connection }] of requests.entries()) {
        const before = connections.get(connection) ?? 0
        connections.set(connection, before + 1)
        assert.strictEqual(results[nth]?._tag, before === 0 ? "Success" : "Failure")
      }
      assert.lengthOf(requests, 3, "nothing is retried")
    })
  )

  it.live("does not cut off the requests under way on its other connections", () =>
    Effect.gen(function* () {
      const { delay, requests, url } = yield* outOfStep
      yield* Effect.gen(function* () {
        const seats = yield* Seats
        delay(thirdId)
        const slow = yield* Effect.forkChild(Effect.result(seats.revoke(thirdId)), { startImmediately: true })
        const results = yield* Effect.forEach([seatId, otherId, seatId], (id) => Effect.result(seats.revoke(id)))
        assert.deepEqual(
          results.map(({ _tag }) => _tag),
          ["Success", "Failure", "Success"]
        )
        assert.isUndefined(slow.pollUnsafe(), "the slow request is still under way")
        assert.strictEqual((yield* Fiber.join(slow))._tag, "Success")
        assert.deepEqual(
          requests.map(({ connection }) => connection),
          [1, 2, 2, 3]
        )
      }).pipe(through(Layer.orDie(UndiciTransport.layerOptions({ connections: 2 })), url))
    })
  )
})

/** Calls a Polar that always answers this, and returns the result. */
const answered = <A, E>(call: (seats: Seats["Service"]) => Effect.Effect<A, E>, body: unknown) => {
  let requests = 0
  const client = HttpClient.make((request) =>
    Effect.sync(() => {
      requests++
      return HttpClientResponse.fromWeb(request, Response.json(body))
    })
  )
  return Effect.gen(function* () {
    const seats = yield* OrganizationSeats.make({ token })
    const result = yield* Effect.result(call(seats))
    assert.strictEqual(requests, 1, "nothing is retried")
    return result
  }).pipe(Effect.provideService(HttpClient.HttpClient, client))
}
const failureOf = <A, E>(
  result: { readonly _tag: "Success"; readonly success: A } | { readonly _tag: "Failure"; readonly failure: E }
): E => (result._tag === "Failure" ? result.failure : assert.fail("the answer was believed"))

const subscription = SubscriptionId.make(documentedSeat.subscription_id)
const order = OrderId.make(documentedSeat.order_id)
const seat = { ...documentedSeat, member: documentedMember, email: "ann@acme.com", member_id: documentedMember.id }

describe("an answer about another seat", () => {
  it.effect.each([
    ["resend", (seats: Seats["Service"]) => seats.resend(otherId)],
    ["revoke", (seats: Seats["Service"]) => seats.revoke(otherId)]
  ] as const)("to %s is reported, and the call may have happened", ([_, call]) =>
    Effect.map(answered(call, seat), (result) => isAboutAnother(failureOf(result)))
  )

  it.effect("says in its message that the mail probably went out", () =>
    Effect.map(
      answered((seats) => seats.resend(otherId), seat),
      (result) =>
        assert.strictEqual(
          failureOf(result).message,
          "Polar (api.polar.sh) answered with status 200 in a way that is not documented: the answer is about another seat. The mail probably went out: check before you retry."
        )
    )
  )

  it.effect.each([
    ["a subscription", SeatSource.Subscription({ id: SubscriptionId.make(other) })],
    ["an order", SeatSource.Order({ id: OrderId.make(other) })]
  ] as const)("in a list of %s is reported, even if only one seat is another's", ([_, source]) =>
    Effect.gen(function* () {
      const own = { ...seat, subscription_id: other, order_id: other }
      const list = (seats: Seats["Service"]) => seats.list(source)
      const answer = { seats: [own, own], available_seats: 1, total_seats: 3 }
      assert.strictEqual((yield* answered(list, answer))._tag, "Success")
      isAboutAnother(failureOf(yield* answered(list, { ...answer, seats: [own, seat] })), false)
    })
  )
})

describe("the answer to an assignment", () => {
  const assigning =
    (recipient: Recipient, source: Assignment["source"] = AssignmentSource.Subscription({ id: subscription })) =>
    (seats: Seats["Service"]) =>
      seats.assign({ source, recipient })
  const ann = Recipient.Email({ email: "ann@acme.com" })
  const member = MemberId.make(documentedMember.id)
  const ofCustomer = { ...seat, customer_id: documentedMember.customer_id }

  const own: ReadonlyArray<readonly [string, Parameters<typeof assigning>, unknown]> = [
    ["the address", [ann], seat],
    ["the address in other letters", [Recipient.Email({ email: "ANN@ACME.COM" })], seat],
    ["the address of the member alone", [Recipient.Email({ email: documentedMember.email })], { ...seat, email: null }],
    ["nobody", [ann], { ...seat, email: null, member: null, member_id: null, customer_email: null }],
    ["the member", [Recipient.Member({ id: member })], seat],
    ["no member", [Recipient.Member({ id: member })], { ...seat, member: null, member_id: null }],
    ["the external member", [Recipient.ExternalMember({ externalId: "usr_1337", email: "ann@acme.com" })], seat],
    ["the customer", [Recipient.Customer({ id: CustomerId.make(documentedSeat.customer_id) })], seat],
    ["the buyer, with members", [Recipient.Customer({ id: CustomerId.make(documentedSeat.id) })], ofCustomer],
    ["an external customer", [Recipient.ExternalCustomer({ externalId: "x" })], seat],
    ["the order", [ann, AssignmentSource.Order({ id: order })], seat],
    ["any source, for a checkout", [ann, AssignmentSource.Checkout({ id: "checkout" })], seat]
  ]
  it.effect.each(own)("may name %s", ([_, call, answer]) =>
    Effect.map(answered(assigning(...call), answer), ({ _tag }) => assert.strictEqual(_tag, "Success"))
  )

  const others: ReadonlyArray<readonly [string, Parameters<typeof assigning>]> = [
    ["another address", [Recipient.Email({ email: "bob@acme.com" })]],
    ["another member", [Recipient.Member({ id: MemberId.make(other) })]],
    ["another external member", [Recipient.ExternalMember({ externalId: "usr_1338" })]],
    [
      "an external member with another address",
      [Recipient.ExternalMember({ externalId: "usr_1337", email: "bob@acme.com" })]
    ],
    ["another customer", [Recipient.Customer({ id: CustomerId.make(other) })]],
    ["another subscription", [ann, AssignmentSource.Subscription({ id: SubscriptionId.make(other) })]],
    ["another order", [ann, AssignmentSource.Order({ id: OrderId.make(other) })]]
  ]
  it.effect.each(others)("about %s is reported, and the mail may have gone out", ([_, call]) =>
    Effect.map(answered(assigning(...call), seat), (result) => isAboutAnother(failureOf(result)))
  )

  // The spellings that Polar gives back, as test/polar/email-addresses.json has them
  it.effect.each([
    ["Ann@ACME.com", "Ann@acme.com"],
    [" ann@acme.com\r\n", "ann@acme.com"],
    ['"Ann, B" <ann@acme.com>', "ann@acme.com"],
    ["Ann Bee<ann@acme.com>", "ann@acme.com"],
    ["ann@xn--bcher-kva.example", "ann@bücher.example"],
    ["ann@BÜCHER.example", "ann@bücher.example"],
    ["ann@muﬁn.example", "ann@mufin.example"],
    ["ann@STRASSE.example", "ann@strasse.example"],
    ["ann@İ.example", "ann@i̇.example"],
    ["ann@ａｃｍｅ.example", "ann@acme.example"],
    ["cafe\u0301@acme.com", "café@acme.com"],
    ["ann@acme．example", "ann@acme.example"],
    ["ann@acme｡example", "ann@acme.example"],
    ["o'neil@acme.example", "o'neil@acme.example"]
  ] as const)("may spell %j as %j, as Polar does", ([written, spelled]) =>
    Effect.map(
      answered(assigning(Recipient.Email({ email: written })), { ...seat, member: null, email: spelled }),
      ({ _tag }) => assert.strictEqual(_tag, "Success")
    )
  )
})

describe("a session of another customer", () => {
  const session = {
    id: documentedSeat.id,
    created_at: "2026-08-22T10:00:00Z",
    token: "polar_cst_other",
    expires_at: "2026-08-22T11:00:00Z",
    customer_portal_url: "https://polar.test",
    customer_id: other
  }
  const creating = (customer: CustomerSessions.CustomerReference) =>
    Effect.gen(function* () {
      const { create } = yield* CustomerSessions.make({ token })
      return yield* Effect.result(create({ customer }))
    }).pipe(
      Effect.provideService(
        HttpClient.HttpClient,
        HttpClient.make((request) =>
          Effect.succeed(HttpClientResponse.fromWeb(request, Response.json(session, { status: 201 })))
        )
      )
    )

  it.effect("is reported, and never used", () =>
    Effect.gen(function* () {
      const result = yield* creating({ id: CustomerId.make(documentedSeat.customer_id) })
      isAboutAnother(failureOf(result), false, "customer")
      assert.strictEqual((yield* creating({ id: CustomerId.make(other) }))._tag, "Success")
      assert.strictEqual((yield* creating({ externalId: "acme-1" }))._tag, "Success")
    })
  )
})
