import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ann, ben, token } from "./world.ts"

const program = Effect.gen(function* () {
  const seats = yield* Seats
  const { holderEmail } = yield* seats.resend(SeatId.make(ann))
  const refusal = yield* Effect.flip(seats.resend(SeatId.make(ben)))
  return `resent to ${holderEmail}, then ${refusal._tag}`
})

/** Resends one invitation and gets a refusal for another, over the fetch of the runtime. Runs on Effect's client, then on ours. */
export const run = (baseUrl: string): Promise<string> => {
  const polar = PortalSeats.layer({ token: Redacted.make(token), baseUrl })
  const told = Effect.forEach([FetchHttpClient.layer, FetchTransport.layer], (client) =>
    Effect.provide(program, Layer.provide(polar, client))
  )
  return Effect.runPromise(Effect.map(told, (lines) => lines.join("\n")))
}
