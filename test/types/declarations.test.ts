import { assert, describe, it } from "vitest"
import { compileApp } from "./compileApp.ts"

describe("an inferred type that an app exports is short", async () => {
  const { declarations, messages } =
    await compileApp(`import { SeatJson, SeatsListJson } from "@polar-seats/http/SeatJson"
    import * as CustomerSessions from "@polar-seats/http/CustomerSessions"
    import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
    import * as Pace from "@polar-seats/http/Pace"
    import * as PortalSeats from "@polar-seats/http/PortalSeats"
    import * as SeatClaims from "@polar-seats/http/SeatClaims"
    import * as SeatWebhooks from "@polar-seats/http/SeatWebhooks"
    export const seatJson = SeatJson
    export const seatsListJson = SeatsListJson
    export type JsonOfSeat = typeof SeatJson.Encoded
    export const customerSessions = CustomerSessions.layerConfig
    export const organizationSeats = OrganizationSeats.layerConfig
    export const pace = Pace.layerConfig
    export const portalSeats = PortalSeats.layerConfig
    export const portalSeatsForCustomer = PortalSeats.layerForCustomerConfig
    export const seatClaims = SeatClaims.layerConfig
    export const seatWebhooks = SeatWebhooks.layerConfig
    `)
  it("which compiles", () => assert.deepStrictEqual(messages, []))
  it.each([
    ["seatJson", "Codec<Seat, SeatEncoded, never, never>"],
    ["seatsListJson", "Codec<SeatsList, SeatsListEncoded, never, never>"]
  ])("%s is a codec of named types", (name, type) => {
    const [, declared = ""] = new RegExp(`const ${name}: (.*);`).exec(declarations) ?? []
    assert.strictEqual(declared.replaceAll(/import\("[^"]*"\)\./g, ""), type)
  })
  it("nothing takes more than ten lines", () => {
    const longest = declarations.split(/^export /m).map((declared) => declared.trimEnd().split("\n").length)
    assert.isAtMost(Math.max(...longest), 10, declarations)
  })
})

describe("an import from an index has the types of an import by path", async () => {
  const { messages } = await compileApp(`import * as domain from "@polar-seats/domain"
    import { Seat, Seats as SeatsModule } from "@polar-seats/domain"
    import { PortalSeats } from "@polar-seats/http"
    import { Invitations as InvitationsModule, Journal } from "@polar-seats/invitations"
    import * as SeatsByPath from "@polar-seats/domain/Seats"
    import { Seats, type ResendError } from "@polar-seats/domain/Seats"
    import { SeatId } from "@polar-seats/domain/Seat"
    import * as PortalSeatsByPath from "@polar-seats/http/PortalSeats"
    import { Invitations } from "@polar-seats/invitations/Invitations"
    import { Effect, Layer, Redacted } from "effect"
    import { FetchHttpClient } from "effect/http"
    const options = { token: Redacted.make("polar_cst_") }
    const polar = Layer.merge(PortalSeats.layer(options), PortalSeatsByPath.layer(options)).pipe(
      Layer.provide(FetchHttpClient.layer)
    )
    // Each service is the same tag, and each type the same type
    export const program: Effect.Effect<unknown, ResendError | SeatsModule.ResendError> = Effect.gen(function* () {
      const seat = yield* (yield* Seats).resend(Seat.SeatId.make("30c81c46-a35c-4411-a5fb-c1191a0a52ef"))
      const again = yield* (yield* domain.Seats.Seats).resend(SeatId.make(seat.id))
      return yield* (yield* InvitationsModule.Invitations).reissue(again).pipe(Effect.orDie)
    }).pipe(
      Effect.provide(Invitations.layer.pipe(Layer.provideMerge(Layer.merge(polar, Journal.layerMemory)))),
      Effect.catchTag("InvalidOption", Effect.die)
    )
    export const same: typeof SeatsByPath = SeatsModule
    `)
  it("compiles", () => assert.deepStrictEqual(messages, []))
})
