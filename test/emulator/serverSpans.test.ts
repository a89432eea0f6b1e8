import { NodeHttpServer } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as World from "@polar-seats/emulator/World"
import { Effect, Layer, Redacted, Tracer } from "effect"
import { HttpServer } from "effect/http"
import { createServer } from "node:http"
import { recordingTracer } from "../http/recordingTracer.ts"

it.live("no span of an emulator on a socket holds the invitation token that the path of a claim has", () => {
  const team = World.team({ seats: 1, pending: ["ann@acme.com"] })
  const token = Redacted.value(team.invitationTokenOf("ann@acme.com"))
  const { spans, tracer } = recordingTracer()
  const server = NodeHttpServer.layerServer(createServer, { host: "127.0.0.1", port: 0 })
  return Effect.gen(function* () {
    const url = yield* HttpServer.addressFormattedWith(Effect.succeed)
    const answer = yield* Effect.promise(() => fetch(`${url}/v1/customer-seats/claim/${token}`))
    assert.strictEqual(answer.status, 200)
    const held = spans.flatMap(({ attributes, name }) => [name, ...attributes.values()])
    assert.notInclude(JSON.stringify(held), token)
  }).pipe(
    Effect.provide(Layer.provideMerge(Emulator.layerServer(team), server)),
    Effect.provideService(Tracer.Tracer, tracer)
  )
})
