// A route handler for Next.js that resends a buyer's invitation, or mails a new one if its link is dead.
// In an app, the file is app/api/subscriptions/[subscriptionId]/seats/[seatId]/invitation/route.ts. To try it on the emulator
// (examples/README.md starts one):
//
//     export POLAR_API_URL=http://127.0.0.1:4321 POLAR_ACCESS_TOKEN=polar_oat_s3cret DEMO_SESSIONS=me=acme-1
//     npx -y pnpm@10.34.8 exec node --input-type=module --eval '
//       import { POST } from "./examples/src/route-handler.ts"
//       const subscriptionId = "e5149aae-e521-42b9-b24c-abb3d71eea2e", seatId = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
//       const request = new Request("http://app.test", { method: "POST", headers: { cookie: "session=me" } })
//       console.log(await (await POST(request, { params: Promise.resolve({ subscriptionId, seatId }) })).text())
//       await polarSeats.dispose()'

import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import * as RouteParameters from "@polar-seats/domain/RouteParameters"
import { SeatId } from "@polar-seats/domain/Seat"
import { NotFound } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Config, DateTime, Duration, Effect, Layer, LayerMap, ManagedRuntime, Option, Schema, Stream } from "effect"

// `Seats` as the buyer sees them. All requests of a buyer share one customer session
const layerForBuyer = (externalId: string) =>
  PortalSeats.layerForCustomerConfig({
    token: PolarConnection.configToken("POLAR_ACCESS_TOKEN"),
    baseUrl: Config.schema(PolarConnection.BaseUrl, "POLAR_API_URL").pipe(Config.withDefault("https://api.polar.sh")),
    customer: Config.succeed({ externalId })
  })

class Buyers extends LayerMap.Service<Buyers>()("app/Buyers", {
  lookup: (externalId: string) => Layer.provideMerge(Invitations.layer, layerForBuyer(externalId)),
  idleTimeToLive: "10 minutes",
  // All requests of all buyers share this journal, so three clicks are one mail. It is in the memory of one process. Several
  // processes need a journal that they share
  dependencies: [Journal.layerMemory, UndiciTransport.layer]
}) {}

// A hot reload runs this file again. The global keeps the runtime with its sessions, locks and connections
declare global {
  var polarSeats: ManagedRuntime.ManagedRuntime<Buyers, UndiciTransport.UndiciUnavailable> | undefined
}
const runtime = (globalThis.polarSeats ??= ManagedRuntime.make(Buyers.layer))

// Replace this with your sign-in. It returns the id that Polar has as the customer's external_id
const signedIn = (request: Request) =>
  Effect.map(Config.Record(Schema.String, Schema.NonEmptyString, "DEMO_SESSIONS"), (customers) => {
    const cookies = new Map(Object.entries(customers).map(([session, customer]) => [`session=${session}`, customer]))
    return cookies.get(request.headers.get("cookie") ?? "")
  })

const decodeIds = RouteParameters.decode({ subscriptionId: SubscriptionId, seatId: SeatId })

const send = Effect.fn("send")(function* ({ seatId, subscriptionId }: Effect.Success<ReturnType<typeof decodeIds>>) {
  const { finish, resend, unfinished } = yield* Invitations
  // Polar answers a subscription of another buyer with 404. The journal knows the reissues of all buyers, so it comes second
  const { seats } = yield* Seats.use(({ list }) => list(SeatSource.Subscription({ id: subscriptionId })))
  const begun = yield* Stream.runHead(
    Stream.filter(unfinished, (reissue) => reissue.seatId === seatId && reissue.source.id === subscriptionId)
  )
  if (Option.isSome(begun)) return yield* finish(begun.value)
  const seat = seats.find(({ id }) => id === seatId)
  if (seat === undefined) return yield* new NotFound({ resource: "seat", id: seatId })
  return (yield* resend(seat, { onExpired: "reissue" })).seat
})

// `mayRetry` is true if the caller may send the same request again and nobody is mailed twice
const answer = (status: number, message: string, retryAfter?: number) =>
  Response.json(
    { message, mayRetry: retryAfter !== undefined },
    { status, headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) } }
  )

// These texts are for the buyer. `error.message` is for you
const explain = (error: Effect.Error<ReturnType<typeof send>>, now: DateTime.Utc): Response => {
  switch (error._tag) {
    case "NotFound":
      return answer(404, "You have no such seat.")
    case "AlreadyClaimed":
      return answer(409, "This seat has no open invitation: it was accepted, or the seat was revoked.")
    case "InvitationUnavailable":
      return answer(409, "This seat has no invitation. Revoke the seat, and assign it again.")
    case "NoSeatAvailable":
      return answer(409, "More seats are assigned than you have bought. Revoke one, or buy more.")
    case "InvitationExpired":
      return answer(409, "The link of this invitation is dead, so nothing was sent.")
    case "InvalidRequest": // The ids are valid, so Polar does not know the customer
      return answer(403, "You have not bought any seats.")
    case "MailedRecently":
      return answer(429, "This invitation was sent a moment ago.", toSeconds(DateTime.distance(now, error.again)))
    case "InProgressElsewhere":
      return answer(503, "This invitation is being sent now.", 60)
    case "MailedSomebodyElse":
      return answer(409, "The seat has another holder by now, and the mail went to them.")
    case "InexactMetadata":
      return answer(409, "The seat cannot be assigned again with what is stored on it, so nothing was sent.")
    case "HolderRemoved":
      return answer(409, "The holder of this seat was removed. Assign a seat to them if they should have one.")
    case "RevokedSomebodyElse":
      return answer(503, "The seat has another holder by now, who has lost it. The next try gives it back.", 1)
    case "RateLimited":
      return answer(503, "Too many requests. Nothing was sent.", toSeconds(error.retryAfter ?? Duration.minutes(1)))
    case "Unavailable":
      return error.mayHaveHappened
        ? answer(502, "The mail may have gone out. Ask whether it arrived before you send another.")
        : answer(503, "Nothing was sent.", 1)
    case "ReissueIncomplete":
      return answer(503, "The new invitation is not sent yet. The next try continues from here.", 1)
    case "JournalError":
      return answer(503, "No invitation can be sent now.", 60)
    case "Unauthorized":
    case "Forbidden":
    case "UnreadableEntry":
    case "InvalidOption":
      return ours()
  }
}
const toSeconds = (duration: Duration.Duration) => Math.max(1, Math.ceil(Duration.toSeconds(duration)))
const ours = () => answer(500, "Something is wrong on our side.")

type Params = Parameters<typeof decodeIds>[0]

const handle = Effect.fn("handle")(function* (request: Request, params: Params) {
  const buyer = yield* signedIn(request)
  if (buyer === undefined) return answer(401, "Sign in first.")
  const ids = yield* Effect.option(decodeIds(params))
  if (Option.isNone(ids)) return answer(404, "You have no such seat.")
  return yield* send(ids.value).pipe(
    Effect.tapError(({ _tag }) => Effect.logWarning(`Not sent for ${buyer}: ${_tag}`)),
    Effect.matchEffect({
      onSuccess: ({ holderEmail }) => Effect.succeed(answer(200, `The invitation was sent to ${holderEmail}.`)),
      onFailure: (error) => Effect.map(DateTime.now, (now) => explain(error, now))
    }),
    Effect.provide(Buyers.get(buyer))
  )
})

// The handler ignores request.signal, so that a closed page does not interrupt a reissue. A cause that is caught here is
// an invalid setting or a bug
export const POST = async (request: Request, context: { readonly params: Promise<Params> }): Promise<Response> =>
  handle(request, await context.params).pipe(
    Effect.catchCause((cause) => Effect.as(Effect.logError(cause), ours())),
    runtime.runPromise
  )
