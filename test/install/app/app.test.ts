import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Outbox } from "@polar-seats/emulator/Outbox"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import * as World from "@polar-seats/emulator/World"
import * as Journal from "@polar-seats/invitations/Journal"
import { Context, Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientRequest, HttpRouter } from "effect/http"
import { CallersSeats } from "./callersSeats.ts"
import { routes } from "./routes.ts"

const team = World.team({ seats: 5, pending: ["ann@acme.com"], expired: ["eve@acme.com"], claimed: ["ben@acme.com"] })

const memory = Layer.effectContext(
  Effect.map(SeatsMemory.make(team), ({ outbox, seats }) =>
    Context.make(CallersSeats, { make: (session) => Effect.succeed(seats(session)) }).pipe(Context.add(Outbox, outbox))
  )
)
const emulator = CallersSeats.layer.pipe(Layer.provideMerge(Emulator.layer(team)))

const post = Effect.fnUntraced(function* (id: string, session: Redacted.Redacted<string> = team.token) {
  const request = HttpClientRequest.post(`/seats/${id}/resend?subscription=${team.subscription}`).pipe(
    HttpClientRequest.bearerToken(session)
  )
  const response = yield* HttpClient.execute(request)
  return [response.status, yield* response.json] as const
})
const mails = Outbox.use((outbox) => Effect.map(outbox.mails, (sent) => sent.map(({ to }) => to)))

describe.each([
  { name: "in memory", polar: memory },
  { name: "on the emulator", polar: emulator }
])("POST /seats/:id/resend $name", ({ polar }) => {
  // The server comes last, because the emulator brings a client too
  const app = HttpRouter.serve(routes, { disableLogger: true }).pipe(
    Layer.provideMerge(polar),
    Layer.provide([Journal.layerMemory, NodeHttpServer.layerTest]),
    (served) => Layer.merge(served, NodeHttpServer.layerTest)
  )

  it.effect("mails an invitation, and mails nobody at a second click", () =>
    Effect.gen(function* () {
      const ann = team.seatOf("ann@acme.com")
      assert.deepEqual(yield* post(ann), [200, { message: "The invitation was sent to ann@acme.com." }])
      assert.deepEqual(yield* post(ann), [429, { message: "This invitation was sent a moment ago." }])
      assert.deepEqual(yield* mails, ["ann@acme.com"])
    }).pipe(Effect.provide(app))
  )

  it.effect("tells a stranger nothing of a mail", () =>
    Effect.gen(function* () {
      const ann = team.seatOf("ann@acme.com")
      assert.strictEqual((yield* post(ann))[0], 200)
      assert.deepEqual(yield* post(ann, Redacted.make("polar_cst_stale")), [401, { message: "Sign in again." }])
    }).pipe(Effect.provide(app))
  )

  it.effect("mails no dead link", () =>
    Effect.gen(function* () {
      assert.deepEqual(yield* post(team.seatOf("eve@acme.com")), [
        409,
        { message: "The link of this invitation is dead, so nothing was sent. Revoke the seat, and assign it again." }
      ])
      assert.deepEqual(yield* mails, [])
    }).pipe(Effect.provide(app))
  )

  it.effect("mails nobody whom the caller may not mail", () =>
    Effect.gen(function* () {
      const ann = team.seatOf("ann@acme.com")
      assert.deepEqual(yield* post(ann, Redacted.make("")), [401, { message: "Sign in again." }])
      assert.deepEqual(yield* post(ann, Redacted.make("polar_cst_stale")), [401, { message: "Sign in again." }])
      assert.deepEqual(yield* post(ann, team.sessionOf("ben@acme.com")), [
        403,
        { message: "Ask the owner of your team to resend this invitation." }
      ])
      assert.deepEqual(yield* mails, [])
    }).pipe(Effect.provide(app))
  )

  it.effect("mails nobody at a seat that is accepted, missing or no id", () =>
    Effect.gen(function* () {
      assert.deepEqual(yield* post(team.seatOf("ben@acme.com")), [
        409,
        { message: "This seat was accepted or revoked already." }
      ])
      assert.deepEqual(yield* post("30c81c46-a35c-4411-a5fb-c1191a0a52ef"), [
        404,
        { message: "You have no such seat." }
      ])
      assert.deepEqual(yield* post("ann"), [404, { message: "This link names no seat." }])
      assert.deepEqual(yield* mails, [])
    }).pipe(Effect.provide(app))
  )
})
