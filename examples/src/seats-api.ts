// The seats of an app as an `HttpApi`: the contract that seats-api-server.ts serves and seats-api-client.ts calls. It imports
// neither a server nor a client of Polar, so it can be part of a browser's bundle. To read it as an OpenAPI document:
//
//     npx -y pnpm@10.34.8 exec node --input-type=module --eval '
//       import { OpenApi } from "effect/http-api"
//       import { SeatsApi } from "./examples/src/seats-api.ts"
//       console.log(JSON.stringify(OpenApi.fromApi(SeatsApi), null, 2))'

import { SeatId } from "@polar-seats/domain/Seat"
import { SubscriptionId } from "@polar-seats/domain/SeatSource"
import { AssignError, ListError, RevokeError } from "@polar-seats/domain/Seats"
import { SeatsListView, SeatView } from "@polar-seats/domain/SeatView"
import * as SeatHttpApi from "@polar-seats/http/SeatHttpApi"
import { ResendInvitationError } from "@polar-seats/invitations/Invitations"
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"

const team = { subscriptionId: SubscriptionId }
const oneSeat = { ...team, seatId: SeatId }

// Each error has its default status. If your callers bring their own token of Polar, use this for all four:
// SeatHttpApi.errors(ListError, { statuses: SeatHttpApi.callersToken })
export class SeatsApi extends HttpApi.make("seats-api").add(
  HttpApiGroup.make("seats")
    .add(
      HttpApiEndpoint.get("list", "/", { params: team, success: SeatsListView, error: SeatHttpApi.errors(ListError) }),
      HttpApiEndpoint.post("assign", "/", {
        params: team,
        payload: Schema.Struct({ email: Schema.String }),
        success: SeatView,
        error: SeatHttpApi.errors(AssignError)
      }),
      HttpApiEndpoint.post("resend", "/:seatId/invitation", {
        params: oneSeat,
        query: { onExpired: Schema.optionalKey(Schema.Literals(["fail", "reissue"])) },
        success: SeatView,
        error: SeatHttpApi.errors(ResendInvitationError)
      }),
      HttpApiEndpoint.delete("revoke", "/:seatId", {
        params: oneSeat,
        success: SeatView,
        error: SeatHttpApi.errors(RevokeError)
      })
    )
    .prefix("/subscriptions/:subscriptionId/seats")
) {}
