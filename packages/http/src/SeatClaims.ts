import { Seat } from "@polar-seats/domain/Seat"
import {
  Forbidden,
  InvalidInvitation,
  InvalidRequest,
  RateLimited,
  Unavailable,
  type UnavailableReason
} from "@polar-seats/domain/SeatError"
import { Uuid } from "@polar-seats/domain/Uuid"
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Sse from "effect/encoding/Sse"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Stream from "effect/Stream"
import { forbidden, type Refusal } from "./internal/errorBody.ts"
import { discardBody, nestsTooDeep, tooDeep, unexpectedResponse } from "./internal/exchange.ts"
import { fromConfig } from "./internal/options.ts"
import { open } from "./internal/openStream.ts"
import * as PolarClient from "./internal/polarClient.ts"
import { addExactMetadata, instanceOf, makeDecoder, valueOf } from "./internal/seatJson.ts"
import { transportFailure } from "./internal/transportFailure.ts"
import { type InvalidOption, Token } from "./PolarConnection.ts"
import { SeatJson } from "./SeatJson.ts"

/** The product and the organization of an invitation (`SeatClaimInfo`), for the page that asks whether to accept it. */
export class ClaimInfo extends Schema.Class<ClaimInfo>("ClaimInfo")({
  productName: Schema.String,
  productId: Uuid,
  organizationName: Schema.String,
  organizationSlug: Schema.String,
  /** The address that was invited, or null if Polar knows none. */
  customerEmail: Schema.NullOr(Schema.NonEmptyString),
  /** Polar sends only true today: an invitation that cannot be claimed is `InvalidInvitation`. */
  canClaim: Schema.Boolean
}) {}

/** Polar's `SeatClaimInfo`. */
export const ClaimInfoJson = Schema.Struct({
  ...ClaimInfo.fields,
  customerEmail: Schema.String.pipe(
    Schema.decodeTo(
      ClaimInfo.fields.customerEmail,
      SchemaTransformation.transform({
        decode: (email) => (email === "" ? null : email),
        encode: (email) => email ?? ""
      })
    )
  )
}).pipe(
  Schema.encodeKeys({
    productName: "product_name",
    productId: "product_id",
    organizationName: "organization_name",
    organizationSlug: "organization_slug",
    customerEmail: "customer_email",
    canClaim: "can_claim"
  }),
  Schema.decodeTo(Schema.toType(ClaimInfo), instanceOf(ClaimInfo))
)

/** The result of a claim: the seat, and a session on the customer portal for its holder. The session lasts one hour. */
export class Claim extends Schema.Class<Claim>("Claim")({
  seat: Seat,
  /** The token for `PortalSeats.layer`. Usually it is a member session, although Polar calls it a customer session. */
  session: Token
}) {}

/** Polar's `CustomerSeatClaimResponse`. It encodes the session unredacted, as Polar sends it. */
export const ClaimJson = Schema.Struct({ seat: SeatJson, session: Claim.fields.session }).pipe(
  Schema.encodeKeys({ session: "customer_session_token" }),
  Schema.decodeTo(Schema.toType(Claim), instanceOf(Claim))
)

/** The kind of an event. Open: a key that Polar adds later decodes too. */
export const ClaimEventKey = Schema.Union([
  Schema.Literals(["customer_seat.claimed", "benefit.granted"]),
  Schema.String.pipe(Schema.brand("UnknownClaimEventKey"))
])
export type ClaimEventKey = typeof ClaimEventKey.Type

/**
 * Something that happened to the customer of the invited seat. If the organization uses members, that customer is the buyer,
 * so events of other seats come too. The payload of a `customer_seat.claimed` names its seat as `seat_id`.
 */
export class ClaimEvent extends Schema.Class<ClaimEvent>("ClaimEvent")({
  id: Schema.String,
  key: ClaimEventKey,
  /** The payload as Polar sends it, with Polar's names. */
  payload: Schema.Record(Schema.String, Schema.Json).pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))
}) {}

/** The errors of `SeatClaims.info` and `SeatClaims.claim`. */
export const ClaimError = /* @__PURE__ */ Schema.Union([
  InvalidRequest,
  RateLimited,
  Unavailable,
  Forbidden,
  InvalidInvitation
])
export type ClaimError = typeof ClaimError.Type
/** The errors of `SeatClaims.events`. */
export const EventsError = /* @__PURE__ */ Schema.Union([InvalidRequest, RateLimited, Unavailable, InvalidInvitation])
export type EventsError = typeof EventsError.Type

/**
 * Invitations, for the person who was invited. The calls need only the token of an invitation link. No span and no error
 * shows that token.
 */
export class SeatClaims extends Context.Service<
  SeatClaims,
  {
    /**
     * Reads what an invitation is for. It changes nothing, so a mail provider may scan a link to a page that calls it.
     *
     * Polar: `GET /v1/customer-seats/claim/{invitation_token}`.
     */
    readonly info: (invitationToken: Redacted.Redacted<string>) => Effect.Effect<ClaimInfo, ClaimError>
    /**
     * Accepts an invitation and uses up its token. An invitation is valid for 24 hours after its first mail.
     *
     * Polar: `POST /v1/customer-seats/claim`.
     */
    readonly claim: (invitationToken: Redacted.Redacted<string>) => Effect.Effect<Claim, ClaimError>
    /**
     * The events of the customer of an invited seat, from now on. Subscribe before the claim, because the claim uses up the
     * token. The stream ends after ten minutes, when Polar asks for a new connection, or when the server closes it.
     * `totalTimeout` limits only the wait for the stream to open. Polar allows ten connections a minute, and blocks for five
     * minutes after that.
     *
     * Polar: `GET /v1/customer-seats/claim/{invitation_token}/stream`, which is not documented.
     */
    readonly events: (invitationToken: Redacted.Redacted<string>) => Stream.Stream<ClaimEvent, EventsError>
  }
>()("@polar-seats/http/SeatClaims") {}

/** Options of the layers. These calls need no token of yours. */
export type Options = PolarClient.Options

const decodeInfo = Schema.decodeResult(Schema.fromJsonString(ClaimInfoJson))
const decodeClaim = makeDecoder(
  Claim,
  () => undefined,
  () => ClaimJson,
  ({ seat, session }, text) => new Claim({ seat: addExactMetadata(seat, valueOf(text, "seat")), session })
)

const invalidInvitation = ({ name }: Refusal): InvalidInvitation | undefined =>
  name === "ResourceNotFound" || name === "InvalidInvitationToken" ? new InvalidInvitation() : undefined
const claimError = (refusal: Refusal) => invalidInvitation(refusal) ?? forbidden(refusal, "Claim")

// A token that is not one segment of a path would address another endpoint. Polar makes no such token
const notOneSegment = /^\.{0,2}$|\/|\p{Surrogate}/u

/** The path of an invitation, or undefined if the token cannot be one of Polar's. */
const pathOf = (token: Redacted.Redacted<string>): string | undefined => {
  const text = Redacted.value(token)
  return notOneSegment.test(text) ? undefined : `/v1/customer-seats/claim/${encodeURIComponent(text)}`
}

const unexpected = (description: string) => unexpectedResponse(200, description)

const Message = Schema.Union([ClaimEvent, Schema.Struct({ type: Schema.String })])
const decodeMessage = Schema.decodeResult(Schema.fromJsonString(Message))
const readMessage = (data: string): Effect.Effect<typeof Message.Type, UnavailableReason> =>
  nestsTooDeep(data)
    ? Effect.fail(unexpected(tooDeep))
    : Effect.mapError(Effect.fromResult(decodeMessage(data)), () => unexpected("an event is not one of Polar's"))

const maxEventSize = 1_000_000

/** The `data` of each event in the body. `Sse.decode` would end the stream at a `retry:` line. */
const dataOf = (body: Stream.Stream<Uint8Array, UnavailableReason>): Stream.Stream<string, UnavailableReason> =>
  Stream.suspend(() => {
    const complete: Array<string> = []
    const parser = Sse.makeParser((event) => void (event._tag === "Event" && complete.push(event.data)), {
      maxEventSize
    })
    return body.pipe(
      Stream.decodeText(),
      Stream.mapEffect((text) =>
        Effect.suspend(() =>
          parser.feed(text) === undefined
            ? Effect.succeed(complete.splice(0))
            : Effect.fail(unexpected(`an event is longer than ${maxEventSize} characters`))
        )
      ),
      Stream.flattenIterable
    )
  })

const eventsIn = (response: HttpClientResponse.HttpClientResponse): Stream.Stream<ClaimEvent, UnavailableReason> =>
  /^text\/event-stream\b/i.test(response.headers["content-type"] ?? "")
    ? response.stream.pipe(
        Stream.mapError(transportFailure),
        dataOf,
        Stream.mapEffect(readMessage),
        Stream.takeWhile((message) => message instanceof ClaimEvent || message.type !== "reconnect"),
        // Other messages about the connection are not for the caller
        Stream.filter((message) => message instanceof ClaimEvent)
      )
    : Stream.fromEffect(
        Effect.andThen(discardBody(response), Effect.fail(unexpected("the body is not a stream of events")))
      )

const make = Effect.fnUntraced(function* (options: Options) {
  const connect = yield* PolarClient.make(options)
  const polar = connect()

  return SeatClaims.of({
    info: (token) =>
      Effect.suspend(() => {
        const path = pathOf(token)
        if (path === undefined) return polar.failUnsent("SeatClaims.info", new InvalidInvitation())
        return polar.call({
          operation: "SeatClaims.info",
          secret: token,
          method: "GET",
          path,
          decode: decodeInfo,
          errorFor: claimError
        })
      }),

    claim: (token) =>
      polar.call({
        operation: "SeatClaims.claim",
        secret: token,
        method: "POST",
        path: "/v1/customer-seats/claim",
        body: { invitation_token: Redacted.value(token) },
        decode: decodeClaim,
        errorFor: claimError
      }),

    events: (token) =>
      Stream.suspend((): Stream.Stream<ClaimEvent, EventsError> => {
        const path = pathOf(token)
        if (path === undefined) {
          return Stream.fromEffect(polar.failUnsent("SeatClaims.events", new InvalidInvitation()))
        }
        return open(
          polar,
          {
            operation: "SeatClaims.events",
            secret: token,
            method: "GET",
            path: `${path}/stream`,
            errorFor: invalidInvitation
          },
          eventsIn
        )
      })
  })
})

/** `SeatClaims` of Polar. */
export const layer = (options: Options): Layer.Layer<SeatClaims, InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(SeatClaims, make(options))

/** `layer` with options from the configuration. */
export const layerConfig: (
  options: Config.Wrap<Options>
) => Layer.Layer<SeatClaims, Config.ConfigError | InvalidOption, HttpClient.HttpClient> =
  /* @__PURE__ */ fromConfig(layer)
