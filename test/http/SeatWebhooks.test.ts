import { assert, describe, it } from "@effect/vitest"
import * as SeatWebhooks from "@polar-seats/http/SeatWebhooks"
import { Config, ConfigProvider, DateTime, Duration, Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { runInNewContext } from "node:vm"
import { Webhook } from "standardwebhooks"

// The three forms of secret that Polar has issued: the first, the second with a rest without padding, and today's
const secret = "polar_whs_Zq3mF0hYb7kTx9LwRc2N"
const unpadded = "whsec_Zq3mF0hYb7kTx9LwRc2NsVdPjE5gA8uQyW1oKiXtGrM"
const base64Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwFtWb8eQxG0Y="

/** Polar's first way: the key is the bytes of the whole secret, because its server base64-encodes it for the library. */
const byWholeSecret = (key: string) => new Webhook(Buffer.from(key, "utf8").toString("base64"))
/** Polar's way for secrets made since 2026-09-08, which is that of the library. */
const byStandard = (key: string) => new Webhook(key)

// WIRE.md §3
const seat = {
  created_at: "2026-08-22T10:00:00.123456Z",
  modified_at: null,
  id: "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b",
  subscription_id: "e5149aae-e521-42b9-b24c-abb3d71eea2e",
  order_id: null,
  status: "pending",
  customer_id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b",
  member_id: "0d3c6c3e-5f0b-4c53-9e7c-1b9f6a3d2e10",
  member: {
    id: "0d3c6c3e-5f0b-4c53-9e7c-1b9f6a3d2e10",
    created_at: "2026-08-22T10:00:00.123456Z",
    modified_at: null,
    customer_id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b",
    email: "ann@acme.com",
    name: null,
    external_id: null,
    role: "member"
  },
  email: "ann@acme.com",
  customer_email: "ann@acme.com",
  invitation_token_expires_at: "2026-08-23T10:00:00.123456Z",
  claimed_at: null,
  revoked_at: null,
  seat_metadata: {}
}
const payload = { type: "customer_seat.assigned", timestamp: "2026-08-22T10:00:00.123456Z", data: seat }
const body = JSON.stringify(payload)

const id = "b5c8a8a2-6f0b-4e55-a6a5-0f6a6a0c8f11"
const sentAt = DateTime.makeUnsafe("2026-08-22T10:00:01Z")
const seconds = String(DateTime.toEpochMillis(sentAt) / 1000)
const signatureOf = (content: string, webhook = byWholeSecret(secret)) =>
  webhook.sign(id, DateTime.toDateUtc(sentAt), content)

const headersOf = (content: string, webhook?: Webhook) => ({
  "webhook-id": id,
  "webhook-timestamp": seconds,
  "webhook-signature": signatureOf(content, webhook)
})
const signed = (content: string, webhook?: Webhook): SeatWebhooks.Delivery => ({
  headers: headersOf(content, webhook),
  body: content
})
const withSignature = (signature: string): SeatWebhooks.Delivery => ({
  headers: { ...headersOf(body), "webhook-signature": signature },
  body
})

type Options = Partial<Omit<SeatWebhooks.Options, "secret">> & {
  readonly secret?: string
  readonly age?: Duration.Input
}

const run = <A, E>(
  { age = 0, secret: own = secret, ...options }: Options,
  f: (webhooks: SeatWebhooks.SeatWebhooks["Service"]) => Effect.Effect<A, E>
) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(DateTime.toEpochMillis(sentAt) + Duration.toMillis(age))
    return yield* SeatWebhooks.SeatWebhooks.use(f)
  }).pipe(Effect.provide(SeatWebhooks.layer({ secret: Redacted.make(own), ...options })))

const verify = (request: SeatWebhooks.Delivery, options: Options = {}) =>
  run(options, (webhooks) => webhooks.verify(request))

const refusal = Effect.fnUntraced(function* (request: SeatWebhooks.Delivery, options?: Options) {
  const error = yield* Effect.flip(verify(request, options))
  assert.instanceOf(error, SeatWebhooks.InvalidWebhook)
  return error
})
const reason = (request: SeatWebhooks.Delivery, options?: Options) =>
  Effect.map(refusal(request, options), (error) => error.reason._tag)

describe("verify", () => {
  it.effect.each([
    ["customer_seat.assigned", "Assigned", "pending"],
    ["customer_seat.claimed", "Claimed", "claimed"],
    ["customer_seat.revoked", "Revoked", "revoked"]
  ] as const)("decodes %s as %s", ([type, tag, status]) =>
    Effect.gen(function* () {
      const event = yield* verify(signed(JSON.stringify({ ...payload, type, data: { ...seat, status } })))
      if (event._tag !== tag) return assert.fail(`it is ${event._tag}`)
      assert.strictEqual(event.id, id)
      assert.strictEqual(DateTime.formatIso(event.timestamp), "2026-08-22T10:00:00.123Z")
      assert.strictEqual(event.seat.id, "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
      assert.strictEqual(event.seat.status, status)
      assert.strictEqual(event.seat.member?.email, "ann@acme.com")
    })
  )

  it.effect("decodes a status that Polar may add later", () =>
    Effect.gen(function* () {
      const event = yield* verify(signed(JSON.stringify({ ...payload, data: { ...seat, status: "paused" } })))
      assert.strictEqual(event._tag === "Assigned" && String(event.seat.status), "paused")
    })
  )

  it.effect("returns another type as Unknown", () =>
    Effect.gen(function* () {
      const event = yield* verify(
        signed('{"type":"subscription.active","timestamp":"2026-08-22T10:00:00Z","data":{"amount":1000}}')
      )
      assert.deepStrictEqual(
        event,
        SeatWebhooks.SeatEvent.Unknown({
          id,
          type: "subscription.active",
          timestamp: DateTime.makeUnsafe("2026-08-22T10:00:00Z"),
          data: { amount: 1000 }
        })
      )
    })
  )

  it.effect("returns subscription.migrated as Unknown, with all of its data", () =>
    Effect.gen(function* () {
      // The fields of Polar's document for the event, units included
      const data = {
        id: "e5149aae-e521-42b9-b24c-abb3d71eea2e",
        created_at: "2026-10-22T10:00:00.123456Z",
        modified_at: null,
        status: "active",
        seats: 5,
        units: null,
        customer: { id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b", email: "billing@acme.com" },
        prices: [{ amount_type: "unit_based", tiers: { type: "volume", tiers: [{ bound: null, unit_amount: "1.5" }] } }]
      }
      const type = "subscription.migrated"
      const event = yield* verify(
        signed(JSON.stringify({ type, timestamp: "2026-10-22T10:00:00.123456Z", api_version: "2026-10", data }))
      )
      assert.deepStrictEqual(
        event,
        SeatWebhooks.SeatEvent.Unknown({
          id,
          type,
          timestamp: DateTime.makeUnsafe("2026-10-22T10:00:00.123Z"),
          data
        })
      )
    })
  )

  it.effect("accepts another type without time and data, or with an invalid time", () =>
    Effect.gen(function* () {
      const bare = SeatWebhooks.SeatEvent.Unknown({ id, type: "constructor", timestamp: null, data: null })
      assert.deepStrictEqual(yield* verify(signed('{"type":"constructor"}')), bare)
      assert.deepStrictEqual(yield* verify(signed('{"type":"constructor","timestamp":"soon"}')), bare)
    })
  )
})

describe("verify accepts a webhook", () => {
  it.effect("with a body of bytes", () =>
    Effect.gen(function* () {
      const content = JSON.stringify({ ...payload, data: { ...seat, email: "jörg@acme.com" } })
      const event = yield* verify({ ...signed(content), body: new TextEncoder().encode(content) })
      assert.strictEqual(event._tag === "Assigned" && event.seat.email, "jörg@acme.com")
    })
  )

  it.effect("with bytes in any form", () =>
    Effect.gen(function* () {
      const bytes = new TextEncoder().encode(body)
      const padded = new Uint8Array([0, 0, 0, 0, ...bytes, 0])
      const foreign: ArrayBuffer = runInNewContext(`new Uint8Array([${bytes.join()}]).buffer`)
      assert.notInstanceOf(foreign, ArrayBuffer)
      for (const raw of [
        bytes.buffer,
        foreign,
        Buffer.from(body),
        new DataView(bytes.buffer),
        padded.subarray(4, -1),
        new DataView(padded.buffer, 4, bytes.length)
      ]) {
        assert.strictEqual((yield* verify({ ...signed(body), body: raw }))._tag, "Assigned")
        const headers = yield* run({}, (webhooks) => webhooks.sign({ id, timestamp: sentAt, body: raw }))
        assert.deepStrictEqual({ ...headers }, headersOf(body))
      }
    })
  )

  it.effect("with header names in any case", () =>
    Effect.gen(function* () {
      const upper = Object.fromEntries(
        Object.entries(headersOf(body)).map(([name, value]) => [name.toUpperCase(), value])
      )
      assert.strictEqual((yield* verify({ headers: upper, body }))._tag, "Assigned")
    })
  )

  it.effect("with the headers of the web platform or of Node", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* verify({ headers: new Headers(headersOf(body)), body }))._tag, "Assigned")
      const node = { ...headersOf(body), "set-cookie": ["a", "b"], "x-none": undefined }
      assert.strictEqual((yield* verify({ headers: node, body }))._tag, "Assigned")
    })
  )
})

const configured = SeatWebhooks.layerConfig({
  secret: Config.Redacted("POLAR_WEBHOOK_SECRET"),
  tolerance: Config.Duration("TOLERANCE").pipe(Config.withDefault(Duration.minutes(5)))
})
const configuration = (values: Record<string, string>) =>
  Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(values)))

describe("the secret", () => {
  it.effect.each([
    ["polar_whs_…", secret],
    ["whsec_… without padding", unpadded],
    ["whsec_… in base64", base64Secret],
    ["a secret with letters outside ASCII", "gehéim-ключ-🔑"],
    ["a base64 secret without a prefix", "c2VjcmV0c2VjcmV0"]
  ] as const)("%s may sign with the bytes of its whole text", ([, key]) =>
    Effect.gen(function* () {
      const request = signed(body, byWholeSecret(key))
      assert.strictEqual((yield* verify(request, { secret: key }))._tag, "Assigned")
      assert.strictEqual(yield* reason(request, { secret: `polar_whs_${key}` }), "BadSignature")
    })
  )

  it.effect.each([
    ["whsec_… in base64", base64Secret],
    ["whsec_… without padding", unpadded],
    ["whsec_… that has lost its padding", base64Secret.slice(0, -1)],
    ["base64 without its prefix", base64Secret.slice("whsec_".length)]
  ] as const)("%s may sign with the key of Standard Webhooks", ([, key]) =>
    Effect.gen(function* () {
      const request = signed(body, byStandard(key))
      assert.strictEqual((yield* verify(request, { secret: key }))._tag, "Assigned")
      assert.strictEqual(yield* reason(request, { secret: `polar_whs_${key}` }), "BadSignature")
    })
  )

  const building = (key: unknown) =>
    Effect.flip(Effect.provide(SeatWebhooks.SeatWebhooks, SeatWebhooks.layer({ secret: Redacted.make(key as string) })))
  it.effect.each([
    ["", "is empty"],
    [undefined, "is not a string"],
    [`${secret}\n`, "contains a line break"],
    [`${secret}\r\nX-Evil: 1`, "contains a line break"],
    [` ${secret}`, "begins or ends with a blank"],
    [`${base64Secret}\t`, "begins or ends with a blank"],
    [`\u{feff}${secret}`, "begins or ends with a blank"],
    [`"${secret}"`, "has quotes around it"],
    [`'${base64Secret}'`, "has quotes around it"],
    [`“${secret}”`, "has quotes around it"],
    ["whsec_", "begins with whsec_, but the rest is not base64"],
    ["whsec_====", "begins with whsec_, but the rest is not base64"],
    ["whsec_MfKQ 9r8GKYqr", "begins with whsec_, but the rest is not base64"],
    ["whsec_MfKQ-9r8_KYqr", "begins with whsec_, but the rest is not base64"],
    ["whsec_MfKQ=9r8", "begins with whsec_, but the rest is not base64"],
    ["whsec_MfKQ9", "begins with whsec_, but the rest is not base64"]
  ] as const)("%j is rejected when the layer is built, and not repeated", ([key, problem]) =>
    Effect.gen(function* () {
      const error = yield* building(key)
      assert.strictEqual(error._tag, "InvalidOption")
      assert.match(error.message, /^The option secret .* Nothing was sent: correct the option\.$/)
      assert.include(error.message, problem)
      for (const part of [secret, "MfKQ", "Evil"]) assert.notInclude(inspect(error, { depth: 9 }), part)
    })
  )

  it.effect.each(["soon", "-5 minutes"] as ReadonlyArray<Duration.Input>)(
    "a tolerance of %s is rejected when the layer is built",
    (tolerance: Duration.Input) =>
      Effect.gen(function* () {
        const layer = SeatWebhooks.layer({ secret: Redacted.make(secret), tolerance })
        const error = yield* Effect.flip(Effect.provide(SeatWebhooks.SeatWebhooks, layer))
        assert.strictEqual(
          String(error),
          "InvalidOption: The option tolerance must be a duration of zero or more. Nothing was sent: correct the option."
        )
      })
  )

  it.effect("can come from the configuration", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(DateTime.toEpochMillis(sentAt) + 60_000)
      const receive = SeatWebhooks.SeatWebhooks.use((webhooks) => webhooks.verify(signed(body))).pipe(
        Effect.provide(configured)
      )
      const event = yield* receive.pipe(configuration({ POLAR_WEBHOOK_SECRET: secret }))
      assert.strictEqual(event._tag, "Assigned")
      const late = yield* Effect.flip(
        receive.pipe(configuration({ POLAR_WEBHOOK_SECRET: secret, TOLERANCE: "59 seconds" }))
      )
      assert.strictEqual(late._tag, "InvalidWebhook")
      assert.strictEqual((yield* Effect.flip(receive.pipe(configuration({}))))._tag, "ConfigError")
    })
  )
})

describe("verify refuses what is not a webhook as it arrived", () => {
  const unusable = (delivery: unknown) => refusal(delivery as SeatWebhooks.Delivery)

  it.effect.each([
    ["a parsed body", payload],
    ["a list", [payload]],
    ["a number", 5],
    ["true", true],
    ["a promise that nobody waited for", Promise.resolve(body)],
    ["a stream", new Response(body).body],
    ["a Blob", new Blob([body])],
    ["a Buffer that went through JSON", JSON.parse(JSON.stringify(Buffer.from(body)))]
  ] as const)("%s", ([_, parsed]) =>
    Effect.gen(function* () {
      const error = yield* unusable({ headers: headersOf(body), body: parsed })
      assert.strictEqual(error.reason._tag, "ParsedBody")
      assert.include(error.message, "the body was parsed: pass it as it arrived")
      assert.notInclude(inspect(error, { depth: 9 }), "acme.com")
    })
  )

  it.effect.each([undefined, null])("a body that is %s", (absent) =>
    Effect.gen(function* () {
      const error = yield* unusable({ headers: headersOf(body), body: absent })
      assert.strictEqual(error.reason._tag, "MissingBody")
      assert.include(error.message, "the body was parsed: pass it as it arrived")
    })
  )

  it.effect.each([undefined, null, 5, "webhook-id: 1", [5], [[5, 5]], Symbol.iterator] as ReadonlyArray<unknown>)(
    "headers that are %o",
    (headers) =>
      Effect.gen(function* () {
        const error = yield* unusable({ headers, body })
        assert.strictEqual(error.reason._tag, "MissingHeaders")
        assert.include(error.message, "pass all headers of the request")
      })
  )

  it.effect.each([null, 5, {}, true])("a header that is %j", (value) =>
    Effect.gen(function* () {
      for (const header of ["webhook-id", "webhook-timestamp", "webhook-signature"]) {
        const error = yield* unusable({ headers: { ...headersOf(body), [header]: value }, body })
        assert.deepStrictEqual({ ...error.reason }, { _tag: "MissingHeader", header } as never)
      }
    })
  )
})

describe("verify refuses", () => {
  it.effect.each(["webhook-id", "webhook-timestamp", "webhook-signature"] as const)("a request without %s", (name) =>
    Effect.gen(function* () {
      for (const absent of [undefined, ""]) {
        const error = yield* refusal({ headers: { ...headersOf(body), [name]: absent }, body })
        assert.deepStrictEqual({ ...error.reason }, { _tag: "MissingHeader", header: name })
        assert.include(error.message, name)
      }
    })
  )

  it.effect.each(["soon", "1e9", "-1", "0x10", "1787392801.5", " ", "NaN", "2026-08-22T10:00:01Z", "9".repeat(400)])(
    "the time %j",
    (timestamp) =>
      Effect.gen(function* () {
        const request = { headers: { ...headersOf(body), "webhook-timestamp": timestamp }, body }
        assert.strictEqual(yield* reason(request), "BadTimestamp")
      })
  )

  it.effect("a webhook older than the tolerance on the Clock", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* verify(signed(body), { age: "5 minutes" }))._tag, "Assigned")
      const error = yield* refusal(signed(body), { age: "301 seconds" })
      assert.strictEqual(error.reason._tag === "TooOld" && Duration.toSeconds(error.reason.age), 301)
      assert.include(error.message, "5m 1s")
      assert.strictEqual(yield* reason(signed(body), { age: "11 seconds", tolerance: "10 seconds" }), "TooOld")
      assert.strictEqual(
        (yield* verify(signed(body), { age: "900 days", tolerance: Duration.infinity }))._tag,
        "Assigned"
      )
    })
  )

  it.effect("a webhook newer than the tolerance on the Clock", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* verify(signed(body), { age: Duration.minutes(-5) }))._tag, "Assigned")
      const error = yield* refusal(signed(body), { age: Duration.seconds(-301) })
      assert.strictEqual(error.reason._tag === "TooNew" && Duration.toSeconds(error.reason.ahead), 301)
      assert.include(error.message, "5m 1s")
      assert.strictEqual(yield* reason(signed(body), { age: Duration.seconds(-11), tolerance: 10_000 }), "TooNew")
    })
  )

  const good = signatureOf(body).slice("v1,".length)
  it.effect.each([
    ["by another secret", signatureOf(body, byWholeSecret("polar_whs_other"))],
    ["of another body", signatureOf(`${body} `)],
    ["without a version", good],
    ["of version 2", `v2,${good}`],
    ["of the asymmetric kind", `v1a,${good}`],
    ["in capitals", `V1,${good}`],
    ["with nothing after the version", "v1,"],
    ["of only a version", "v1"],
    ["that is not base64", "v1,%%%%"],
    ["cut short", `v1,${good.slice(0, 40)}`],
    ["with one byte missing", `v1,${Buffer.from(good, "base64").subarray(0, 31).toString("base64")}`],
    ["with one byte more", `v1,${Buffer.concat([Buffer.from(good, "base64"), Buffer.of(0)]).toString("base64")}`],
    ["in hexadecimal", `v1,${Buffer.from(good, "base64").toString("hex")}`],
    ["all bad", `${signatureOf("a")} ${signatureOf("b")} v1,AAAA`]
  ] as const)("a signature %s", ([, signature]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* reason(withSignature(signature)), "BadSignature")
    })
  )

  it.effect("a body with any one byte changed", () =>
    run({}, (webhooks) =>
      Effect.gen(function* () {
        const bytes = new TextEncoder().encode(body)
        for (let at = 0; at < bytes.length; at += 7) {
          const changed = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte))
          const error = yield* Effect.flip(webhooks.verify({ headers: headersOf(body), body: changed }))
          assert.strictEqual(error.reason._tag, "BadSignature")
        }
      })
    )
  )

  it.effect("another id or another time than the signed one", () =>
    Effect.gen(function* () {
      for (const changed of [{ "webhook-id": `${id}0` }, { "webhook-timestamp": String(Number(seconds) + 1) }]) {
        assert.strictEqual(yield* reason({ headers: { ...headersOf(body), ...changed }, body }), "BadSignature")
      }
    })
  )

  it.effect("a forged body as BadSignature before it parses it", () =>
    Effect.gen(function* () {
      for (const forged of ["", "{", "null", '{"type":1}']) {
        assert.strictEqual(yield* reason({ headers: headersOf(body), body: forged }), "BadSignature")
      }
    })
  )
})

describe("with several signatures", () => {
  const bad = signatureOf("another")
  it.effect.each([
    ["first", `${signatureOf(body)} ${bad}`],
    ["last", `v1a,AAAA v2 garbage ${bad} ${signatureOf(body)}`],
    ["in two headers that were joined", `${bad}, ${signatureOf(body)}`],
    ["in two headers that were joined in the other order", `${signatureOf(body)}, ${bad}`]
  ] as const)("one valid signature is enough: %s", ([, signature]) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* verify(withSignature(signature)))._tag, "Assigned")
    })
  )

  it.effect("verify reads two headers of Node", () =>
    Effect.gen(function* () {
      const headers = { ...headersOf(body), "webhook-signature": [bad, signatureOf(body)] }
      assert.strictEqual((yield* verify({ headers, body }))._tag, "Assigned")
    })
  )

  it.effect("verify tries only sixteen, so that a stranger cannot cause much work", () =>
    Effect.gen(function* () {
      const good = signatureOf(body)
      assert.strictEqual((yield* verify(withSignature(`${bad} `.repeat(15) + good)))._tag, "Assigned")
      assert.strictEqual(yield* reason(withSignature(`${bad} `.repeat(16) + good)), "BadSignature")
      assert.strictEqual((yield* verify(withSignature("v1,AAAA v2,AAAA ".repeat(50) + good)))._tag, "Assigned")
    })
  )
})

describe("a signed body that Polar does not document is UnexpectedBody:", () => {
  it.effect.each([
    ["not JSON", "OK", "it is not JSON"],
    ["empty", "", "it is not JSON"],
    ["not an object", "[]", "Expected object"],
    ["without a type", "{}", "type: Missing key"],
    ["without data", JSON.stringify({ ...payload, data: undefined }), "data: Missing key"],
    ["without a time", JSON.stringify({ ...payload, timestamp: undefined }), "timestamp: Missing key"],
    ["with an invalid time", JSON.stringify({ ...payload, timestamp: "soon" }), "timestamp: is not a date and time"],
    [
      "without a field",
      JSON.stringify({ ...payload, data: { ...seat, created_at: undefined } }),
      "data.created_at: Missing key"
    ],
    ["with a field of another type", JSON.stringify({ ...payload, data: { ...seat, status: 5 } }), "data.status: "],
    ["too deep", `{"type":"order.paid","data":${"[".repeat(5000)}${"]".repeat(5000)}}`, "the body nests too deep"]
  ] as const)("%s", ([, content, description]) =>
    Effect.gen(function* () {
      const error = yield* refusal(signed(content))
      assert.strictEqual(error.reason._tag, "UnexpectedBody")
      assert.include(error.message, description)
    })
  )
})

describe("sign", () => {
  it.effect.each([
    ["polar_whs_…", secret, byWholeSecret(secret)],
    ["whsec_… without padding", unpadded, byStandard(unpadded)],
    ["whsec_… in base64", base64Secret, byStandard(base64Secret)],
    ["base64 without a prefix", "c2VjcmV0c2VjcmV0", byWholeSecret("c2VjcmV0c2VjcmV0")]
  ] as const)("signs like Polar with %s", ([, key, webhook]) =>
    Effect.gen(function* () {
      const headers = yield* run({ secret: key }, (webhooks) => webhooks.sign({ id, timestamp: sentAt, body }))
      assert.deepStrictEqual({ ...headers }, headersOf(body, webhook))
      assert.strictEqual((yield* verify({ headers, body }, { secret: key }))._tag, "Assigned")
    })
  )

  it.live("makes signatures that the library standardwebhooks accepts", () =>
    Effect.gen(function* () {
      const timestamp = yield* DateTime.now
      for (const [key, webhook] of [
        [secret, byWholeSecret(secret)],
        [unpadded, byStandard(unpadded)],
        [base64Secret, byStandard(base64Secret)]
      ] as const) {
        const headers = yield* SeatWebhooks.SeatWebhooks.use((webhooks) =>
          webhooks.sign({ id, timestamp, body: new TextEncoder().encode(body) })
        ).pipe(Effect.provide(SeatWebhooks.layer({ secret: Redacted.make(key) })))
        assert.deepStrictEqual(webhook.verify(body, headers), payload)
      }
    })
  )
})

describe("secrets", () => {
  it.effect("appear in no error, no exit and no printed service", () =>
    Effect.gen(function* () {
      const content = JSON.stringify({ ...payload, data: { ...seat, created_at: "private" } })
      for (const key of [secret, unpadded, base64Secret]) {
        const signature = signatureOf(content, byWholeSecret(key))
        const forged = { headers: { ...headersOf(body), "webhook-signature": signature }, body }
        for (const request of [
          {
            headers: { ...headersOf(content), "webhook-id": undefined, "webhook-signature": signature },
            body: content
          },
          {
            headers: { ...headersOf(content), "webhook-timestamp": "x", "webhook-signature": signature },
            body: content
          },
          forged,
          signed(content, byWholeSecret(key))
        ]) {
          const exit = yield* Effect.exit(verify(request, { secret: key }))
          const error = yield* refusal(request, { secret: key })
          const shown = [exit, error].flatMap((value) => [
            String(value),
            JSON.stringify(value),
            inspect(value, { depth: 20, showHidden: true })
          ])
          for (const text of [...shown, error.message, error.stack ?? ""]) {
            for (const hidden of [key, key.slice(6), signature, signature.slice(3), "private", id]) {
              assert.notInclude(text, hidden)
            }
          }
        }
        const service = yield* run({ secret: key }, Effect.succeed)
        assert.notInclude(inspect(service, { depth: 20, showHidden: true }), key.slice(6))
      }
    })
  )
})
