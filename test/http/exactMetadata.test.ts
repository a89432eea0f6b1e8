import { assert, describe, it } from "@effect/vitest"
import { Seat, SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import { encodeSeat, encodeSeatsList, parseExact } from "@polar-seats/http/SeatJson"
import * as SeatWebhooks from "@polar-seats/http/SeatWebhooks"
import { DateTime, Effect, Layer, Redacted, Schema } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { withDecimals } from "../invitations/randomMetadata.ts"
import { documentedMember, documentedSeat } from "./polarFixtures.ts"

const id = SeatId.make(documentedSeat.id)
const source = SeatSource.Subscription({ id: SubscriptionId.make(documentedSeat.subscription_id) })

const large =
  '{"ref":12345678901234567890,"nested":[{"low":-1e400}],"long":0.1000000000000000055511151231257827,"n":1.50}'
const spaced = '{ "ref" : 12345678901234567890 }'
const usual = '{"ref":"12345678901234567890","n":9007199254740991,"at":"10:00:00.1234567890123456e5"}'

/** A seat as Polar sends it, with this metadata. */
const seatText = (metadata: string) =>
  JSON.stringify({ ...documentedSeat, member: documentedMember }).replace(
    '"seat_metadata":{}',
    () => `"seat_metadata":${metadata}`
  )
const listText = (...metadata: ReadonlyArray<string>) =>
  `{"seats":[${metadata.map(seatText).join(", ")}],"available_seats":0,"total_seats":2}`

const answering = (text: string) =>
  Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, new Response(text))))
  )
const portal = (text: string) =>
  Layer.provide(PortalSeats.layer({ token: Redacted.make("polar_cst_1"), environment: "sandbox" }), answering(text))
const resent = (metadata: string) =>
  Effect.provide(
    Seats.use(({ resend }) => resend(id)),
    portal(seatText(metadata))
  )

const claimed = (metadata: string) =>
  Effect.provide(
    SeatClaims.SeatClaims.use(({ claim }) => claim(Redacted.make("t"))),
    Layer.provide(
      SeatClaims.layer({ environment: "sandbox" }),
      answering(`{"seat":${seatText(metadata)},"customer_session_token":"polar_mst_1"}`)
    )
  )

const delivered = (body: string) =>
  Effect.gen(function* () {
    const { sign, verify } = yield* SeatWebhooks.SeatWebhooks
    const headers = yield* sign({ id: "msg_1", timestamp: yield* DateTime.now, body })
    return yield* verify({ headers, body })
  }).pipe(
    Effect.provide(SeatWebhooks.layer({ secret: Redacted.make("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwFtWb8eQxG0Y=") }))
  )
const event = (type: string, data: string) => `{"type":"${type}","timestamp":"2026-08-22T10:00:00Z","data":${data}}`

/** Runs with no `JSON.rawJSON` and no sources for a reviver, as in an older browser. */
const inOlderRuntime = <A, E>(effect: Effect.Effect<A, E>) => {
  const { parse } = JSON
  const rawJson = Object.getOwnPropertyDescriptor(JSON, "rawJSON")
  assert.isDefined(rawJson)
  return Effect.acquireUseRelease(
    Effect.sync(() => {
      Reflect.deleteProperty(JSON, "rawJSON")
      JSON.parse = (text, reviver) =>
        parse(
          text,
          reviver === undefined ? undefined : (key, value: unknown) => reviver.call({}, key, value) as unknown
        ) as unknown
    }),
    () => effect,
    () =>
      Effect.sync(() => {
        JSON.parse = parse
        Object.defineProperty(JSON, "rawJSON", rawJson)
      })
  )
}

describe("a seat whose metadata has numbers that JavaScript cannot hold", () => {
  it.effect("keeps the text of its metadata, from every answer that has a seat", () =>
    Effect.gen(function* () {
      const { seats } = yield* Effect.provide(
        Seats.use(({ list }) => list(source)),
        portal(listText("{}", large, usual, spaced))
      )
      assert.deepEqual(
        seats.map(({ exactMetadata }) => exactMetadata),
        [undefined, large, undefined, spaced]
      )
      const assigned = yield* delivered(event("customer_seat.assigned", seatText(large)))
      assert(assigned._tag === "Assigned")
      for (const seat of [yield* resent(large), (yield* claimed(large)).seat, assigned.seat]) {
        assert.instanceOf(seat, Seat)
        assert.strictEqual(seat.exactMetadata, large)
        assert.deepEqual(seat.seatMetadata, {
          ref: 12345678901234567000,
          nested: [{ low: -Number.MAX_VALUE }],
          long: 0.1,
          n: 1.5
        })
        assert.deepEqual(new Seat({ ...seat }), seat)
      }
    })
  )

  it.effect("is written as it came", () =>
    Effect.gen(function* () {
      const seat = yield* resent(large)
      const written = JSON.stringify(encodeSeat(seat))
      assert.deepEqual(withDecimals(written), withDecimals(seatText(large)))
      assert.include(written, large.replace("1.50", "1.5"))
      assert.include(
        JSON.stringify(encodeSeatsList({ seats: [seat], availableSeats: 0, totalSeats: 1 })),
        "12345678901234567890"
      )
    })
  )

  it.effect("is the same seat in a runtime without raw JSON, which writes such a number as text", () =>
    inOlderRuntime(
      Effect.gen(function* () {
        const seat = yield* resent(large)
        assert.strictEqual(seat.exactMetadata, large)
        assert.deepEqual(encodeSeat(seat).seat_metadata, {
          ref: "12345678901234567890",
          nested: [{ low: "-1e400" }],
          long: "0.1000000000000000055511151231257827",
          n: 1.5
        })
      })
    )
  )

  it.effect("has no other fields than before if JavaScript holds every number", () =>
    Effect.gen(function* () {
      for (const metadata of [usual, "{}", "null", '{"a":-0.5,"b":[0.30000000000000004]}']) {
        const seat = yield* resent(metadata)
        assert.notProperty(seat, "exactMetadata")
        assert.deepEqual(seat.seatMetadata, JSON.parse(metadata))
      }
    })
  )

  it.effect("keeps the last of two values of one key, as Polar does", () =>
    Effect.gen(function* () {
      const text = seatText('{"a":1e400}').replace(/\}$/, ',"seat_metadata":{"b":1e401}}')
      const seat = yield* Effect.provide(
        Seats.use(({ resend }) => resend(id)),
        portal(text)
      )
      assert.strictEqual(seat.exactMetadata, '{"b":1e401}')
    })
  )
})

it.effect("a number elsewhere in the answer changes nothing", () =>
  Effect.gen(function* () {
    const text = seatText('{"n":1}').replace(/\}$/, ',"position":12345678901234567890,"deep":[[1e400]]}')
    const seat = yield* Effect.provide(
      Seats.use(({ resend }) => resend(id)),
      portal(text)
    )
    assert.notProperty(seat, "exactMetadata")
    assert.deepEqual(seat.seatMetadata, { n: 1 })
  })
)

it.effect("a count of seats that JavaScript cannot hold is an unexpected response", () =>
  Effect.gen(function* () {
    for (const count of ["1e400", "12345678901234567890"]) {
      const error = yield* Effect.provide(
        Effect.flip(Seats.use(({ list }) => list(source))),
        portal(listText(large).replace('"total_seats":2', `"total_seats":${count}`))
      )
      assert.deepInclude(error, { _tag: "Unavailable" })
    }
  })
)

it.effect("an unknown webhook keeps the text of its data if JavaScript cannot hold it", () =>
  Effect.gen(function* () {
    const unknown = yield* delivered(event("order.paid", '{"amount":12345678901234567890}'))
    assert(unknown._tag === "Unknown")
    assert.deepEqual(
      [unknown.exactData, unknown.data],
      ['{"amount":12345678901234567890}', { amount: 12345678901234567000 }]
    )
    assert.strictEqual(JSON.stringify(parseExact(unknown.exactData ?? "")), unknown.exactData)
    const plain = yield* delivered(event("order.paid", '{"amount":5}'))
    assert.notProperty(plain, "exactData")
  })
)

it.prop("any seat is written and read by a schema with its exact metadata", [Seat], ([seat]) => {
  const codec = Schema.fromJsonString(Schema.toCodecJson(Seat))
  // `JSON.stringify` writes a negative zero as 0. Polar's own negative zeros are in the exact metadata
  const seatMetadata = JSON.parse(JSON.stringify(seat.seatMetadata))
  assert.deepEqual(Schema.decodeSync(codec)(Schema.encodeSync(codec)(seat)), new Seat({ ...seat, seatMetadata }))
  assert.isString(JSON.stringify(encodeSeat(seat)))
})

it.effect("a seat that was made by hand with a text that is no JSON object is written with its other metadata", () =>
  Effect.map(resent('{"desk":7}'), (seat) => {
    for (const exactMetadata of ["", "abc", "12", "[1]", "null", '{"a":']) {
      assert.deepEqual(encodeSeat(new Seat({ ...seat, exactMetadata })).seat_metadata, { desk: 7 })
    }
  })
)
