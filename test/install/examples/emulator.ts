import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import type { WorldInput } from "@polar-seats/emulator/World"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Console, Effect, Layer, Redacted } from "effect"

const ann = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
const token = "polar_cst_acme"

const acme: WorldInput = {
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
  tokens: [{ token, customer: "992fae2a-2a17-4b7a-8d9e-e287cf90131b" }]
}

const program = Effect.gen(function* () {
  const seats = yield* Seats
  yield* seats.resend(SeatId.make(ann))
  const outbox = yield* Outbox
  for (const mail of yield* outbox.mails) yield* Console.log(`${mail.to}: ${mail.subject}`)
})

// The same program runs on the model in memory, and on the HTTP client against the emulator
const memory = SeatsMemory.layer(acme, token)
const overHttp = PortalSeats.layer({ token: Redacted.make(token) }).pipe(Layer.provideMerge(Emulator.layer(acme)))

await Effect.runPromise(Effect.provide(program, memory))
await Effect.runPromise(Effect.provide(program, overHttp))
