// A program that resends the invitation of every pending seat through seats-api-server.ts, with the client that Effect
// generates from the contract. It never sees a token of Polar, and runs in a browser too. Start the server, then:
//
//     export SEATS_API_URL=http://127.0.0.1:3000
//     npx -y pnpm@10.34.8 exec node examples/src/seats-api-client.ts e5149aae-e521-42b9-b24c-abb3d71eea2e

import { NodeRuntime } from "@effect/platform-node"
import { SubscriptionId } from "@polar-seats/domain/SeatSource"
import { Config, Console, DateTime, Effect, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { SeatsApi } from "./seats-api.ts"

// The errors are those of `Seats` and `Invitations`, with their fields. Two more stand for a server that cannot be reached or
// is not the one of the contract: `HttpClientError` and `SchemaError`
const program = Effect.gen(function* () {
  const api = yield* HttpApiClient.make(SeatsApi, { baseUrl: yield* Config.String("SEATS_API_URL") })
  const subscriptionId = yield* Schema.decodeUnknownEffect(SubscriptionId)(process.argv[2])
  const { seats } = yield* api.seats.list({ params: { subscriptionId } })
  for (const { holderEmail, id, invitation, status } of seats) {
    if (status !== "pending") continue
    yield* api.seats.resend({ params: { subscriptionId, seatId: id }, query: {} }).pipe(
      Effect.flatMap(() => Console.log(`${holderEmail} was mailed. The link is ${invitation._tag}.`)),
      Effect.catchTags({
        InvitationExpired: () => Console.log(`${holderEmail} was not mailed, because the link is dead.`),
        MailedRecently: ({ again }) =>
          Console.log(`${holderEmail} was not mailed again. Retry after ${DateTime.formatIso(again)}.`)
      })
    )
  }
})

program.pipe(Effect.provide(FetchHttpClient.layer), NodeRuntime.runMain)
