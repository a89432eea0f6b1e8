import { AssignError } from "@polar-seats/domain/Seats"
import { SeatView } from "@polar-seats/domain/SeatView"
import * as SeatHttpApi from "@polar-seats/http/SeatHttpApi"
import { ResendInvitationError } from "@polar-seats/invitations/Invitations"
import * as Effect from "effect/Effect"
import { HttpApi, HttpApiClient, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import * as FetchHttpClient from "effect/http/FetchHttpClient"

const Api = HttpApi.make("api").add(
  HttpApiGroup.make("seats").add(
    HttpApiEndpoint.post("assign", "/", { success: SeatView, error: SeatHttpApi.errors(AssignError) }),
    HttpApiEndpoint.post("resend", "/resend", { success: SeatView, error: SeatHttpApi.errors(ResendInvitationError) })
  )
)

void HttpApiClient.make(Api).pipe(
  Effect.flatMap(({ seats }) => seats.resend()),
  Effect.flatMap(Effect.log),
  Effect.provide(FetchHttpClient.layer),
  Effect.runPromise
)
