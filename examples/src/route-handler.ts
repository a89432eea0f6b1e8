// A route handler as Next.js has them: mails the buyer's invitation once more, or a new one where its link is dead.
// In an app it is app/api/subscriptions/[subscriptionId]/seats/[seatId]/invitation/route.ts. To try it on the emulator
// (examples/README.md starts one):
//
//     export POLAR_API_URL=http://127.0.0.1:4321 POLAR_ACCESS_TOKEN=polar_oat_s3cret DEMO_SESSION=me
//     npx -y pnpm@10.34.8 exec node --input-type=module --eval '
//       import { POST } from "./examples/src/route-handler.ts"
//       const subscriptionId = "e5149aae-e521-42b9-b24c-abb3d71eea2e", seatId = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
//       const request = new Request("http://app.test", { method: "POST", headers: { cookie: "session=me" } })
//       console.log(await (await POST(request, { params: Promise.resolve({ subscriptionId, seatId }) })).text())
//       await polarSeats.dispose()'

import { NodeHttpClient } from "@effect/platform-node"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { SeatId } from "@polar-seats/domain/Seat"
import { NotFound } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Config, Duration, Effect, Layer, LayerMap, ManagedRuntime, Option, Schema, Stream } from "effect"

// What a buyer may do, with a session that all of the buyer's requests share
const layerForBuyer = (externalId: string) =>
  PortalSeats.layerForCustomerConfig({
    token: PolarConnection.configToken("POLAR_ACCESS_TOKEN"),
    baseUrl: Config.schema(PolarConnection.BaseUrl, "POLAR_API_URL").pipe(Config.withDefault("https://api.polar.sh")),
    customer: Config.succeed({ externalId })
  })

class Buyers extends LayerMap.Service<Buyers>()("app/Buyers", {
  lookup: (externalId: string) => Layer.provideMerge(Invitations.layer, layerForBuyer(externalId)),
  idleTimeToLive: "10 minutes",
  // This journal is one process's memory. Several processes need one that they share
  dependencies: [Journal.layerMemory, NodeHttpClient.layerUndici]
}) {}

// A hot reload runs this file again, and finds the runtime there, with its sessions, locks and connections
declare global {
  var polarSeats: ManagedRuntime.ManagedRuntime<Buyers, never> | undefined
}
const runtime = (globalThis.polarSeats ??= ManagedRuntime.make(Buyers.layer))

// Yours: who is signed in, by the id that Polar knows as the customer's external_id
const signedIn = (request: Request) =>
  Effect.map(Config.NonEmptyString("DEMO_SESSION"), (session) =>
    request.headers.get("cookie") === `session=${session}` ? "acme-1" : undefined
  )

const Params = Schema.Struct({ subscriptionId: SubscriptionId, seatId: SeatId })

const send = Effect.fn("send")(function* ({ seatId, subscriptionId }: typeof Params.Type) {
  const { finish, resend, unfinished } = yield* Invitations
  const begun = yield* Stream.runHead(Stream.filter(unfinished, (reissue) => reissue.seatId === seatId))
  if (Option.isSome(begun)) return yield* finish(begun.value)
  const { seats } = yield* Seats.use(({ list }) => list(SeatSource.Subscription({ id: subscriptionId })))
  const seat = seats.find(({ id }) => id === seatId)
  if (seat === undefined) return yield* new NotFound({ resource: "seat", id: seatId })
  return (yield* resend(seat, { onExpired: "reissue" })).seat
})

// `mayRetry`: whether the same request may be made again, and nobody is mailed twice
const answer = (status: number, message: string, retryAfter?: number) =>
  Response.json(
    { message, mayRetry: retryAfter !== undefined },
    { status, headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) } }
  )

// In words for the buyer. `error.message` is for you
const explain = (error: Effect.Error<ReturnType<typeof send>>): Response => {
  switch (error._tag) {
    case "NotFound":
      return answer(404, "You have no such seat.")
    case "AlreadyClaimed":
      return answer(409, "Nobody is awaited in this seat: its invitation was accepted, or it was taken away.")
    case "InvitationUnavailable":
      return answer(409, "This seat has no invitation. Take it away, and assign it again.")
    case "NoSeatAvailable":
      return answer(409, "More seats are given away than you have bought. Take one away, or buy more.")
    case "InvitationExpired":
      return answer(409, "The link of this invitation is dead, so it was not sent.")
    case "InvalidRequest": // The ids are good, so it is the customer whom Polar does not know
      return answer(403, "You have not bought any seats.")
    case "ResentRecently":
      return answer(429, "This invitation was sent a moment ago.", 60)
    case "RateLimited":
      return answer(503, "There is a queue.", Math.ceil(Duration.toSeconds(error.retryAfter ?? "1 minute")))
    case "Unavailable":
      return error.mayHaveHappened
        ? answer(502, "The mail may have gone out. Ask for it before you send another.")
        : answer(503, "Nothing was sent.", 1)
    case "ReissueIncomplete":
      return answer(503, "The new invitation is not out yet. The next try goes on from here.", 1)
    case "JournalError":
      return answer(503, "Nothing is sent for now.", 60)
    case "Unauthorized":
    case "Forbidden":
      return ours()
  }
}
const ours = () => answer(500, "Something is wrong on our side.")

const handle = Effect.fn("handle")(function* (request: Request, params: unknown) {
  const buyer = yield* signedIn(request)
  if (buyer === undefined) return answer(401, "Sign in first.")
  const ids = Schema.decodeUnknownOption(Params)(params)
  if (Option.isNone(ids)) return answer(404, "You have no such seat.")
  return yield* send(ids.value).pipe(
    Effect.tapError(({ _tag }) => Effect.logWarning(`Not sent for ${buyer}: ${_tag}`)),
    Effect.match({
      onSuccess: ({ holderEmail }) => answer(200, `The invitation was sent to ${holderEmail}.`),
      onFailure: explain
    }),
    Effect.provide(Buyers.get(buyer))
  )
})

// Not tied to request.signal: who closes the page does not cut off a reissue. What is caught here is a setting that is
// wrong, or a bug
export const POST = async (request: Request, context: { readonly params: Promise<unknown> }): Promise<Response> =>
  handle(request, await context.params).pipe(
    Effect.catchCause((cause) => Effect.as(Effect.logError(cause), ours())),
    runtime.runPromise
  )
