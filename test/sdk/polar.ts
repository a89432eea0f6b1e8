import { NodeHttpServer } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { Outbox } from "@polar-seats/emulator/Outbox"
import { SeatId } from "@polar-seats/domain/Seat"
import { SubscriptionId } from "@polar-seats/domain/SeatSource"
import type { WorldInput } from "@polar-seats/emulator/World"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Context, DateTime, Effect, Layer, Redacted } from "effect"
import { HttpServer } from "effect/http"
import { createServer } from "node:http"
import { ben, buyer, lena, manager, start, tokens, world as lawful } from "../laws/world.ts"

/** More subscriptions with a seat of Ben, so that there is more than one page. */
export const alsoBens = [
  SubscriptionId.make("3e0f1a2b-4c5d-4e6f-8a9b-1c2d3e4f5a60"),
  SubscriptionId.make("4f1a2b3c-5d6e-4f70-9bac-2d3e4f5a6b71")
]
const bensSeats = [
  SeatId.make("50a1b2c3-d4e5-4f60-8a7b-9c0d1e2f3a4b"),
  SeatId.make("61b2c3d4-e5f6-4071-9b8c-0d1e2f3a4b5c")
]
const product = lawful.products?.[0]?.id ?? ""

/** The world of the laws, and objects that only the tests of the SDKs need. */
const world: WorldInput = {
  ...lawful,
  subscriptions: [...(lawful.subscriptions ?? []), ...alsoBens.map((id) => ({ id, product, customer: buyer }))],
  seats: [
    ...(lawful.seats ?? []),
    ...bensSeats.map((id, index) => ({
      id,
      subscriptionId: alsoBens[index] ?? null,
      status: "claimed" as const,
      customerId: buyer,
      memberId: ben,
      email: "ben@acme.com",
      claimedAt: "2026-11-22T09:00:00Z"
    }))
  ]
}

/** A session to create: its customer or member, its organization, and its kind. */
export const sessions = [
  {
    name: "the owner",
    token: tokens.sessions,
    customer: buyer,
    member: undefined,
    email: "billing@acme.com",
    kind: "polar_mst_"
  },
  {
    name: "the member it names",
    token: tokens.sessions,
    customer: buyer,
    member: manager,
    email: "billing@acme.com",
    kind: "polar_mst_"
  },
  {
    name: "a customer without members",
    token: tokens.oldSessions,
    customer: lena,
    member: undefined,
    email: "lena@old.com",
    kind: "polar_cst_"
  }
] as const

/** A Polar for an SDK, which needs a base URL. */
export class Polar extends Context.Service<Polar, { readonly url: string }>()("@polar-seats/test/sdk/Polar") {
  /** An emulator on its own socket, with `world`, at the time where the laws start. */
  static readonly layer = (world: WorldInput) =>
    Layer.effect(
      Polar,
      Effect.gen(function* () {
        yield* (yield* Emulator.Emulator).setTime(DateTime.makeUnsafe(start))
        return { url: yield* HttpServer.addressFormattedWith(Effect.succeed) }
      })
    ).pipe(
      Layer.provideMerge(Emulator.layerServer(world)),
      Layer.provide(NodeHttpServer.layerServer(createServer, { host: "127.0.0.1", port: 0 })),
      Layer.orDie
    )
}

/** Runs a test with its own Polar. */
export const withPolar = Effect.provide(Polar.layer(world))

/** Turns on the rate limits of Polar's sandbox. */
export const limitRates = Effect.flatMap(Polar, ({ url }) =>
  Effect.promise(() =>
    fetch(`${url}/_emulator/settings`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ rate_limits: "sandbox" })
    })
  )
)

const mails = Effect.flatMap(Outbox, (outbox) => outbox.mails)
export const recipients = Effect.map(mails, (all) => all.map(({ to }) => to))
/** The token of the last mailed invitation. */
export const lastInvitation = Effect.map(mails, (all) => {
  const mail = all.at(-1)
  return mail === undefined ? "" : Redacted.value(mail.token)
})

export const ask = <A>(send: () => Promise<A>): Effect.Effect<A> => Effect.promise(send)

/** The rejection of a call. */
export const rejection = (send: () => Promise<unknown>): Effect.Effect<unknown> =>
  Effect.promise(() =>
    send().then(
      () => assert.fail("it was not refused"),
      (error: unknown) => error
    )
  )
