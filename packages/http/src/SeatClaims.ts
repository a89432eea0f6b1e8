import { Seat } from "@polar-seats/domain/Seat"
import {
  type RequestError,
  type Forbidden,
  InvalidInvitation,
  Unavailable,
  UnavailableReason
} from "@polar-seats/domain/SeatError"
import { Uuid } from "@polar-seats/domain/Uuid"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Sse from "effect/encoding/Sse"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Stream from "effect/Stream"
import * as PolarClient from "./internal/polarClient.ts"
import { discard } from "./internal/readBody.ts"
import * as PolarConnection from "./PolarConnection.ts"
import { SeatJson } from "./SeatJson.ts"

/** What an invitation is for (`SeatClaimInfo`): enough for the page that asks whether to accept it. */
export class ClaimInfo extends Schema.Class<ClaimInfo>("ClaimInfo")({
  productName: Schema.String,
  productId: Uuid,
  organizationName: Schema.String,
  organizationSlug: Schema.String,
  /** Who was invited; null where Polar knows no address. */
  customerEmail: Schema.NullOr(Schema.NonEmptyString),
  /** True as of today: an invitation that cannot be claimed is `InvalidInvitation`. */
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
  Schema.decodeTo(
    Schema.toType(ClaimInfo),
    SchemaTransformation.transform({ decode: (fields) => new ClaimInfo(fields), encode: (info) => info })
  )
)

/** What a claim gives: the seat, and an hour on the customer portal for who now sits in it. */
export class Claim extends Schema.Class<Claim>("Claim")({
  seat: Seat,
  /** What `PortalSeats.layer` takes. Mostly a member's session, whatever Polar calls it. */
  session: PolarConnection.Token
}) {}

/** Polar's `CustomerSeatClaimResponse`. It encodes the session in the clear, as the wire has it. */
export const ClaimJson = Schema.Struct({ seat: SeatJson, session: Claim.fields.session }).pipe(
  Schema.encodeKeys({ session: "customer_session_token" }),
  Schema.decodeTo(
    Schema.toType(Claim),
    SchemaTransformation.transform({ decode: (fields) => new Claim(fields), encode: (claim) => claim })
  )
)

/** What happened. Open: a key that Polar adds one day is decoded as it is. */
export const ClaimEventKey = Schema.Union([
  Schema.Literals(["customer_seat.claimed", "benefit.granted"]),
  Schema.String.pipe(Schema.brand("UnknownClaimEventKey"))
])
export type ClaimEventKey = typeof ClaimEventKey.Type

/**
 * Something that happened to the customer whom the invited seat belongs to. Where the organization uses members that is
 * the buyer, so events of other seats come too: a `customer_seat.claimed` tells which one as `seat_id`.
 */
export class ClaimEvent extends Schema.Class<ClaimEvent>("ClaimEvent")({
  id: Schema.String,
  key: ClaimEventKey,
  /** As Polar sends it, with Polar's names. */
  payload: Schema.Record(Schema.String, Schema.Json).pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))
}) {}

/** What `SeatClaims.info` and `SeatClaims.claim` fail with. */
export type ClaimError = RequestError | Forbidden | InvalidInvitation
/** What `SeatClaims.events` fails with. */
export type EventsError = RequestError | InvalidInvitation

/**
 * Invitations, from the side of who was invited. It takes the token of an invitation link and no other: none of these
 * calls is authenticated, and none shows the token in a span or an error.
 */
export class SeatClaims extends Context.Service<
  SeatClaims,
  {
    /**
     * Tells what an invitation is for. Changes nothing, so that the scanners of a mail provider may follow a link to it.
     *
     * Polar: `GET /v1/customer-seats/claim/{invitation_token}`.
     */
    readonly info: (invitationToken: Redacted.Redacted<string>) => Effect.Effect<ClaimInfo, ClaimError>
    /**
     * Accepts an invitation, which is used up by it. It is good for 24 hours from its first mail.
     *
     * Polar: `POST /v1/customer-seats/claim`.
     */
    readonly claim: (invitationToken: Redacted.Redacted<string>) => Effect.Effect<Claim, ClaimError>
    /**
     * What happens from now on to the customer of an invited seat. Subscribe before the claim, which uses the token up.
     * Ends after ten minutes, when Polar asks to connect again, or when the server closes. Only the wait for the stream
     * to open is limited (`totalTimeout`). Polar allows ten connections a minute, and blocks for five after that.
     *
     * Polar: `GET /v1/customer-seats/claim/{invitation_token}/stream`, which is not documented.
     */
    readonly events: (invitationToken: Redacted.Redacted<string>) => Stream.Stream<ClaimEvent, EventsError>
  }
>()("@polar-seats/http/SeatClaims") {}

/** Options of the layers: these calls need no token of yours. */
export type Options = PolarClient.Options

const decodeInfo = Schema.decodeResult(Schema.fromJsonString(ClaimInfoJson))
const decodeClaim = Schema.decodeResult(Schema.fromJsonString(ClaimJson))

const invalid = ({ key }: PolarClient.Refusal): InvalidInvitation | undefined =>
  key === "404 ResourceNotFound" || key === "400 InvalidInvitationToken" ? new InvalidInvitation() : undefined
const refused = (refusal: PolarClient.Refusal) => invalid(refusal) ?? PolarClient.forbidden(refusal)

// A token that is no segment of a path would ask for something else; Polar never made one
const noSegment = /^\.{0,2}$|\/|\p{Surrogate}/u

/** Where an invitation is, or that it is none. */
const pathOf = (token: Redacted.Redacted<string>): Result.Result<string, InvalidInvitation> => {
  const text = Redacted.value(token)
  return noSegment.test(text)
    ? Result.fail(new InvalidInvitation())
    : Result.succeed(`/v1/customer-seats/claim/${encodeURIComponent(text)}`)
}

const unexpected = (description: string) =>
  new Unavailable({
    operation: "SeatClaims.events",
    reason: UnavailableReason.cases.UnexpectedResponse.make({ status: 200, description })
  })

const Message = Schema.Union([ClaimEvent, Schema.Struct({ type: Schema.String })])
const decodeMessage = Schema.decodeResult(Schema.fromJsonString(Message))
const readMessage = (data: string): Effect.Effect<typeof Message.Type, Unavailable> =>
  PolarClient.nestsTooDeep(data)
    ? Effect.fail(unexpected(PolarClient.tooDeep))
    : Effect.mapError(Effect.fromResult(decodeMessage(data)), () => unexpected("an event is not one of Polar's"))

const maxEventSize = 1_000_000

/** The `data` of each event in the body. Not `Sse.decode`, which a `retry:` line makes fail and thereby end. */
const dataOf = (body: Stream.Stream<Uint8Array, Unavailable>): Stream.Stream<string, Unavailable> =>
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

const eventsIn = (response: HttpClientResponse.HttpClientResponse): Stream.Stream<ClaimEvent, Unavailable> =>
  /^text\/event-stream\b/i.test(response.headers["content-type"] ?? "")
    ? response.stream.pipe(
        Stream.mapError(
          (error) => new Unavailable({ operation: "SeatClaims.events", reason: PolarClient.transportReason(error) })
        ),
        dataOf,
        Stream.mapEffect(readMessage),
        Stream.takeWhile((message) => message instanceof ClaimEvent || message.type !== "reconnect"),
        // Polar may think of more to say about the connection, which is not for the caller
        Stream.filter((message) => message instanceof ClaimEvent)
      )
    : Stream.fromEffect(
        Effect.andThen(discard(response), Effect.fail(unexpected("the body is not a stream of events")))
      )

const make = Effect.fnUntraced(function* (options: Options) {
  const polar = yield* PolarClient.make(options)

  return SeatClaims.of({
    info: (token) =>
      Effect.flatMap(Effect.fromResult(pathOf(token)), (path) =>
        polar.call({
          operation: "SeatClaims.info",
          secret: token,
          method: "GET",
          path,
          decode: decodeInfo,
          refusals: refused
        })
      ),

    claim: (token) =>
      polar.call({
        operation: "SeatClaims.claim",
        secret: token,
        method: "POST",
        path: "/v1/customer-seats/claim",
        body: { invitation_token: Redacted.value(token) },
        decode: decodeClaim,
        refusals: refused
      }),

    events: (token) =>
      Stream.unwrap(
        Effect.map(Effect.fromResult(pathOf(token)), (path) =>
          polar.open(
            {
              operation: "SeatClaims.events",
              secret: token,
              method: "GET",
              path: `${path}/stream`,
              refusals: invalid
            },
            eventsIn
          )
        )
      )
  })
})

/** `SeatClaims` of Polar. */
export const layer = (
  options: Options
): Layer.Layer<SeatClaims, PolarConnection.InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(SeatClaims, make(options))

/** Like `layer`, with options that come from the configuration. */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<SeatClaims, PolarConnection.InvalidOption | Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(SeatClaims, Effect.flatMap(Config.unwrap(options), make))
