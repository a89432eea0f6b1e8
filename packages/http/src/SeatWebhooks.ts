import { InvalidOption, notNegative } from "@polar-seats/domain/InvalidOption"
import type { Seat } from "@polar-seats/domain/Seat"
import { holdsExactly, parseFinite } from "@polar-seats/domain/ExactJson"
import { Timestamp } from "@polar-seats/domain/Timestamp"
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Mac from "effect/crypto/Mac"
import * as SecureRandom from "effect/crypto/SecureRandom"
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Headers from "effect/http/Headers"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { joinChunks, nestsTooDeep, tooDeep } from "./internal/exchange.ts"
import { checkMillis, fromConfig } from "./internal/options.ts"
import { addExactMetadata, valueOf } from "./internal/seatJson.ts"
import { deriveKeys, secretProblem } from "./internal/webhookSecret.ts"
import { SeatJson } from "./SeatJson.ts"

export { secretProblem } from "./internal/webhookSecret.ts"

interface SeatEventFields {
  /** The `webhook-id`. It is the same for every delivery of one event, and Polar may deliver an event more than once. */
  readonly id: string
  readonly timestamp: DateTime.Utc
  /** The seat at that time. After a revocation, `member` is still the former holder. */
  readonly seat: Seat
}

/**
 * An event of a seat: `customer_seat.assigned`, `customer_seat.claimed` or `customer_seat.revoked`. `Unknown` is an authentic
 * webhook of another type, for an endpoint that subscribes to more than seats. Polar announces no resend.
 */
export type SeatEvent = Data.TaggedEnum<{
  Assigned: SeatEventFields
  Claimed: SeatEventFields
  Revoked: SeatEventFields
  Unknown: {
    readonly id: string
    readonly type: string
    readonly timestamp: DateTime.Utc | null
    readonly data: Schema.Json
    /** The text of `data`, if JavaScript cannot hold all of its numbers. Then `data` has the nearest ones. */
    readonly exactData?: string
  }
}>
export const SeatEvent = Data.taggedEnum<SeatEvent>()

const seatEvents = new Map<string, (event: SeatEventFields) => SeatEvent>([
  ["customer_seat.assigned", SeatEvent.Assigned],
  ["customer_seat.claimed", SeatEvent.Claimed],
  ["customer_seat.revoked", SeatEvent.Revoked]
])

/** Why a request is not accepted as a webhook. Polar certainly sent it only if the reason is `UnexpectedBody`. */
export const InvalidWebhookReason = Schema.TaggedUnion({
  /** The caller gave something else than the body as it arrived, such as the value that a JSON parser made of it. */
  ParsedBody: {},
  /** The caller gave no body, mostly because something had parsed it before. */
  MissingBody: {},
  /** The caller gave no headers. */
  MissingHeaders: {},
  MissingHeader: { header: Schema.Literals(["webhook-id", "webhook-timestamp", "webhook-signature"]) },
  BadTimestamp: {},
  /** It was sent too long ago. It is a replay or a late delivery, or a clock is wrong. */
  TooOld: { age: Schema.DurationFromMillis },
  /** Its time lies in the future. */
  TooNew: { ahead: Schema.DurationFromMillis },
  BadSignature: {},
  /** The signature is valid, but the body is not what Polar documents. */
  UnexpectedBody: { description: Schema.String }
})
export type InvalidWebhookReason = typeof InvalidWebhookReason.Type

const {
  BadSignature,
  BadTimestamp,
  MissingBody,
  MissingHeader,
  MissingHeaders,
  ParsedBody,
  TooNew,
  TooOld,
  UnexpectedBody
} = InvalidWebhookReason.cases

/** The request is not an authentic webhook, or it is too old, or its body is unknown. Do not act on it. */
export class InvalidWebhook extends Schema.TaggedError<InvalidWebhook>()("InvalidWebhook", {
  reason: InvalidWebhookReason
}) {
  override get message() {
    switch (this.reason._tag) {
      case "ParsedBody":
        return "Nobody can verify the webhook, because the body was parsed: pass it as it arrived, as text or bytes."
      case "MissingBody":
        return "Nobody can verify the webhook, because it has no body. If the body was parsed: pass it as it arrived, as text or bytes."
      case "MissingHeaders":
        return "Nobody can verify the webhook, because it has no headers: pass all headers of the request beside its body."
      case "MissingHeader":
        return `The request has no ${this.reason.header} header: refuse it. If Polar sent it, something on the way removes headers.`
      case "BadTimestamp":
        return "The webhook-timestamp header is not a time in whole seconds: refuse the request."
      case "TooOld":
        return `The webhook was sent ${Duration.format(this.reason.age)} ago, which is too long: refuse it. If it is fresh, correct the clock of this machine.`
      case "TooNew":
        return `The webhook was sent ${Duration.format(this.reason.ahead)} from now: refuse it. If it is fresh, correct the clock of this machine.`
      case "BadSignature":
        return "No signature of the request is valid: refuse it. If Polar sent it, check that the secret belongs to this endpoint, and pass the body as it arrived, not parsed and written again."
      case "UnexpectedBody":
        return `The webhook is Polar's, but its body is not what Polar documents (${this.reason.description}): keep the body, and look for a newer version of this package.`
    }
  }
}

/** A body before anything parsed it: text, or bytes in any form, such as a `Buffer`. */
export type RawBody = string | ArrayBuffer | ArrayBufferView

/** A webhook as it arrived: its headers in any form and case, and the body before anything parsed it. */
export interface Delivery {
  readonly headers: Headers.Input
  readonly body: RawBody
}

/** A webhook to sign. `timestamp` is the time of sending, which the header gives in whole seconds. */
export interface Message {
  readonly id: string
  readonly timestamp: DateTime.Utc
  readonly body: RawBody
}

/** The three headers of Standard Webhooks. */
export type SignedHeaders = Readonly<Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string>>

/** The webhooks that Polar sends to one endpoint: `customer_seat.assigned`, `customer_seat.claimed`, `customer_seat.revoked`. */
export class SeatWebhooks extends Context.Service<
  SeatWebhooks,
  {
    /** Checks the headers, the time and the signature over the raw body, and reads the body only after that. */
    readonly verify: (delivery: Delivery) => Effect.Effect<SeatEvent, InvalidWebhook>
    /**
     * The headers that Polar would send with a body, for tests of a receiver and for the emulator. A secret of `whsec_`
     * and base64 signs by Standard Webhooks. Any other secret signs with the bytes of its whole text.
     */
    readonly sign: (message: Message) => Effect.Effect<SignedHeaders>
  }
>()("@polar-seats/http/SeatWebhooks") {}

/** A secret that a layer accepts. The error for any other text does not show the text. */
export const Secret = /* @__PURE__ */ Schema.RedactedFromValue(
  /* @__PURE__ */ Schema.String.check(/* @__PURE__ */ Schema.makeFilter(secretProblem))
)

/** Options of the layers. */
export interface Options {
  /** The whole secret of the webhook endpoint, as Polar shows it (`whsec_…`, `polar_whs_…` or your own). */
  readonly secret: Redacted.Redacted<string>
  /** How far the time of a webhook may be from now, before or after. Default: 5 minutes. */
  readonly tolerance?: Duration.Input | undefined
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

// Another realm, such as a test runner's, has an `ArrayBuffer` of its own
const isArrayBuffer = (body: unknown): body is ArrayBuffer =>
  Object.prototype.toString.call(body) === "[object ArrayBuffer]"

/** The body as text or bytes, or undefined if it is neither. A caller without types may pass anything. */
const readRaw = (body: unknown): string | Uint8Array | undefined => {
  if (Predicate.isString(body)) return body
  if (isArrayBuffer(body)) return new Uint8Array(body)
  return ArrayBuffer.isView(body) ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength) : undefined
}

/** The headers by their names in lower case, or undefined if there are none. */
const readHeaders = (input: Headers.Input | null | undefined): { readonly [name: string]: unknown } | undefined =>
  Predicate.isObjectOrArray(input) ? Result.getOrUndefined(Result.try(() => Headers.fromInput(input))) : undefined

const signedContent = (id: string, timestamp: string, body: string | Uint8Array): Uint8Array => {
  const head = encoder.encode(`${id}.${timestamp}.`)
  const tail = Predicate.isString(body) ? encoder.encode(body) : body
  return joinChunks([head, tail], head.length + tail.length)
}

// Each signature costs an HMAC of the whole body, so a stranger must not be able to send hundreds
const maxSignatures = 16

/** The signatures of a `webhook-signature` header that could be valid. A header sent twice may arrive joined with a comma. */
const readTags = (header: string): ReadonlyArray<Uint8Array> =>
  header
    .split(" ")
    .flatMap((part) => {
      const [version, signature = ""] = part.split(",")
      const tag = version === "v1" ? Result.getOrUndefined(Base64.decode(signature)) : undefined
      return tag?.length === 32 ? [tag] : []
    })
    .slice(0, maxSignatures)

const isJson = Schema.decodeUnknownResult(Schema.Json)
const parseJson = (text: string) =>
  Result.flatMap(
    Result.try(() => parseFinite(text)),
    isJson
  )
const decodeEnvelope = Schema.decodeUnknownResult(
  Schema.Struct({
    type: Schema.String,
    timestamp: Schema.optionalKey(Schema.Json),
    data: Schema.optionalKey(Schema.Json)
  })
)
const decodeSeatFields = Schema.decodeUnknownResult(Schema.Struct({ timestamp: Timestamp, data: SeatJson }))
const decodeTimestamp = Schema.decodeUnknownOption(Timestamp)

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()
const firstProblem = ({ issue }: Schema.SchemaError): string => {
  const { message = "", path = [] } = formatIssue(issue).issues[0] ?? {}
  return path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`
}

const readEvent = (id: string, text: string): Result.Result<SeatEvent, string> =>
  Result.gen(function* () {
    if (nestsTooDeep(text)) return yield* Result.fail(tooDeep)
    const json = yield* Result.mapError(parseJson(text), () => "it is not JSON")
    const { data = null, timestamp, type } = yield* Result.mapError(decodeEnvelope(json), firstProblem)
    const makeEvent = seatEvents.get(type)
    if (makeEvent === undefined) {
      const event = { id, type, timestamp: Option.getOrNull(decodeTimestamp(timestamp)), data }
      const exactData = valueOf(text, "data")
      return SeatEvent.Unknown(holdsExactly(exactData) ? event : { ...event, exactData })
    }
    const fields = yield* Result.mapError(decodeSeatFields(json), firstProblem)
    const seat = holdsExactly(text) ? fields.data : addExactMetadata(fields.data, valueOf(text, "data"))
    return makeEvent({ id, timestamp: fields.timestamp, seat })
  })

const invalidWebhook = (reason: InvalidWebhookReason) => new InvalidWebhook({ reason })

const make = Effect.fnUntraced(function* (options: Options) {
  const secret = Redacted.value(options.secret)
  const problem = secretProblem(secret)
  if (problem !== undefined) return yield* new InvalidOption({ option: "secret", description: problem })
  const tolerance = yield* checkMillis("tolerance", options.tolerance ?? "5 minutes", notNegative)
  // Every Web Crypto has HMAC and SHA-256, so a CryptoError is a defect
  const mac = yield* Mac.Mac
  const keys = yield* Effect.orDie(deriveKeys(secret))

  const isSigned = Effect.fnUntraced(function* (content: Uint8Array, tags: ReadonlyArray<Uint8Array>) {
    for (const tag of tags) {
      for (const key of keys.accepted) {
        if (yield* mac.verify(key, tag, content)) return true
      }
    }
    return false
  }, Effect.orDie)

  return SeatWebhooks.of({
    verify: Effect.fn("SeatWebhooks.verify")(function* (delivery) {
      const headers = readHeaders(delivery.headers)
      if (headers === undefined) return yield* invalidWebhook(MissingHeaders.make({}))
      const body = readRaw(delivery.body)
      if (body === undefined) {
        return yield* invalidWebhook(delivery.body == null ? MissingBody.make({}) : ParsedBody.make({}))
      }
      const read = Effect.fnUntraced(function* (header: (typeof MissingHeader.Type)["header"]) {
        const value = headers[header]
        return Predicate.isString(value) && value !== "" ? value : yield* invalidWebhook(MissingHeader.make({ header }))
      })
      const id = yield* read("webhook-id")
      const timestamp = yield* read("webhook-timestamp")
      const signature = yield* read("webhook-signature")
      if (!/^\d{1,12}$/.test(timestamp)) return yield* invalidWebhook(BadTimestamp.make({}))

      const age = DateTime.toEpochMillis(yield* DateTime.now) - Number(timestamp) * 1000
      if (age > tolerance) return yield* invalidWebhook(TooOld.make({ age: Duration.millis(age) }))
      if (-age > tolerance) return yield* invalidWebhook(TooNew.make({ ahead: Duration.millis(-age) }))

      const content = signedContent(id, timestamp, body)
      if (!(yield* isSigned(content, readTags(signature)))) return yield* invalidWebhook(BadSignature.make({}))

      const text = Predicate.isString(body) ? body : decoder.decode(body)
      return yield* Effect.mapError(Effect.fromResult(readEvent(id, text)), (description) =>
        invalidWebhook(UnexpectedBody.make({ description }))
      )
    }),

    sign: Effect.fn("SeatWebhooks.sign")(function* ({ body, id, timestamp }) {
      const seconds = String(Math.floor(DateTime.toEpochMillis(timestamp) / 1000))
      const raw = readRaw(body)
      if (raw === undefined) return yield* Effect.die(new TypeError("the body to sign is neither text nor bytes"))
      const tag = yield* Effect.orDie(mac.sign(keys.signing, signedContent(id, seconds, raw)))
      return {
        "webhook-id": id,
        "webhook-timestamp": seconds,
        "webhook-signature": `v1,${Base64.encode(tag)}`
      }
    })
  })
})

/** Verifies the webhooks of one endpoint. Runs on every platform with Web Crypto: Node, edge functions, browsers. */
export const layer = (options: Options): Layer.Layer<SeatWebhooks, InvalidOption> =>
  Layer.provide(
    Layer.effect(SeatWebhooks, make(options)),
    Layer.provide(Mac.layerWebCrypto, SecureRandom.layerWebCrypto)
  )

/** `layer` with options from the configuration. */
export const layerConfig: (
  options: Config.Wrap<Options>
) => Layer.Layer<SeatWebhooks, Config.ConfigError | InvalidOption> = /* @__PURE__ */ fromConfig(layer)
