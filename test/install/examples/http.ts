import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Console, Effect, Layer, Redacted } from "effect"

const ann = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
const nobody = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"

const resend = Effect.fn(
  function* (id: string) {
    const seats = yield* Seats
    const seat = yield* seats.resend(SeatId.make(id))
    yield* Console.log(`Resent to ${seat.holderEmail}.`)
  },
  Effect.catchTag("NotFound", ({ message }) => Console.log(message))
)

// Polar itself is FetchTransport.layer, on Node UndiciTransport.layer, or any HttpClient of Effect's
const polar = Emulator.layer({
  organizations: [{ slug: "acme" }],
  products: [{ id: "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a", organization: "acme", name: "Acme Pro" }],
  customers: [{ id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b", organization: "acme", email: "billing@acme.com" }],
  subscriptions: [
    {
      id: "e5149aae-e521-42b9-b24c-abb3d71eea2e",
      product: "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a",
      customer: "992fae2a-2a17-4b7a-8d9e-e287cf90131b",
      seats: 5
    }
  ],
  seats: [
    {
      id: ann,
      subscriptionId: "e5149aae-e521-42b9-b24c-abb3d71eea2e",
      status: "pending",
      email: "ann@acme.com",
      invitationToken: "ann"
    }
  ],
  tokens: [{ token: "polar_cst_acme", customer: "992fae2a-2a17-4b7a-8d9e-e287cf90131b" }]
})

const seats = PortalSeats.layer({ token: Redacted.make("polar_cst_acme") }).pipe(Layer.provide(polar))

await Effect.runPromise(Effect.provide(Effect.forEach([ann, nobody], resend), seats))
