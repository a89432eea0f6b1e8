import { Outbox } from "@polar-seats/domain/Outbox"
import * as World from "@polar-seats/domain/World"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as App from "./internal/emulator/app.ts"
import * as Seed from "./internal/emulator/seed.ts"
import * as State from "./internal/emulator/state.ts"

export type { RecordedRequest } from "./internal/emulator/state.ts"

/** A server that behaves like Polar, as far as seats go. What it can be asked and told in process. */
export class Emulator extends Context.Service<
  Emulator,
  {
    /** Starts afresh from a world: outbox and requests are emptied, the clock is put back. A world that makes no sense changes nothing. */
    readonly seed: (world: World.WorldInput) => Effect.Effect<void, World.WorldInvalid>
    /** The same, from the JSON of the control API. */
    readonly seedJson: (json: unknown) => Effect.Effect<void, World.WorldInvalid>
    /** Every request to Polar's part of it, newest last. Nothing secret is in them. */
    readonly requests: Effect.Effect<ReadonlyArray<State.RecordedRequest>>
    /** The time as the emulator has it: Effect's Clock, moved by `advance` and `setTime`. */
    readonly now: Effect.Effect<DateTime.Utc>
    readonly advance: (by: Duration.Input) => Effect.Effect<void>
    readonly setTime: (to: DateTime.Utc) => Effect.Effect<void>
  }
>()("@polar-seats/http/Emulator") {}

const start = Effect.fnUntraced(function* (world: World.WorldInput) {
  const state = yield* State.make(yield* Effect.fromResult(World.load(world)))
  const handle = yield* Effect.provideService(App.make, State.EmulatorState, state)
  const services = Context.make(Emulator, {
    seed: (next) => Effect.flatMap(Effect.fromResult(World.load(next)), state.seed),
    seedJson: (json) => Effect.flatMap(Effect.fromResult(Seed.load(json)), state.seed),
    requests: Effect.sync(() => state.requests.slice()),
    now: state.now,
    advance: state.advance,
    setTime: state.setTime
  }).pipe(
    Context.add(Outbox, {
      mails: Effect.map(state.outbox, (mails) => mails.slice()),
      clear: Effect.map(state.outbox, (mails) => {
        mails.length = 0
      })
    })
  )
  return { handle, services }
})

/**
 * The emulator in process, for tests: an `HttpClient` whose every request ends in it, whatever the host. It needs no
 * socket, and runs on Effect's Clock.
 */
export const layer = (
  world: World.WorldInput
): Layer.Layer<Emulator | Outbox | HttpClient.HttpClient, World.WorldInvalid> =>
  Layer.effectContext(
    Effect.map(start(world), ({ handle, services }) => {
      const client = HttpClient.make((request, url) => {
        const serverRequest = HttpServerRequest.fromClientRequest(request).modify({ url: url.pathname + url.search })
        return handle.pipe(
          Effect.map((response) => HttpServerResponse.toClientResponse(response, { request })),
          Effect.provideService(HttpServerRequest.HttpServerRequest, serverRequest),
          Effect.scoped
        )
      })
      return Context.add(services, HttpClient.HttpClient, client)
    })
  )

/** The emulator on the `HttpServer` that it is given, for clients in any language. */
export const layerServer = (
  world: World.WorldInput
): Layer.Layer<Emulator | Outbox, World.WorldInvalid, HttpServer.HttpServer> =>
  Layer.effectContext(
    Effect.flatMap(start(world), ({ handle, services }) => Effect.as(HttpServer.serveEffect(handle), services))
  )
