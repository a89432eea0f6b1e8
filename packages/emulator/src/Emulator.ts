import { Outbox } from "./Outbox.ts"
import type { MemberId } from "@polar-seats/domain/Seat"
import type { NotFound } from "@polar-seats/domain/SeatError"
import type { SeatEvent, Purchase } from "./SeatModel.ts"
import type { SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as World from "./World.ts"
import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpBody from "effect/http/HttpBody"
import * as Exit from "effect/Exit"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as App from "./internal/http/middleware.ts"
import * as Connection from "./internal/http/dropConnection.ts"
import * as Faults from "./internal/faults.ts"
import * as Seed from "./internal/worldJson.ts"
import type * as Settings from "./internal/settings.ts"
import * as State from "./internal/state.ts"
import * as Webhooks from "./internal/webhookDelivery.ts"
import { InvalidOption } from "@polar-seats/http/PolarConnection"

export type { Fault } from "./internal/faults.ts"
export type { Settings, Webhook } from "./internal/settings.ts"
export type { RecordedRequest } from "./internal/state.ts"

/** A server that behaves like Polar, as far as seats go. What it can be asked and told in process. */
export class Emulator extends Context.Service<
  Emulator,
  {
    /** Starts afresh from a world: all that was mailed, recorded, counted and set is gone, and the clock is put back. A world that makes no sense changes nothing. */
    readonly seed: (world: World.WorldInput) => Effect.Effect<void, World.InvalidWorld>
    /** The same, from the JSON of the control API. */
    readonly seedJson: (json: unknown) => Effect.Effect<void, World.InvalidWorld>
    /** Every request to Polar's part of it, newest last. Nothing secret is in them. */
    readonly requests: Effect.Effect<ReadonlyArray<State.RecordedRequest>>
    /** What Polar would have sent a webhook about, newest last. */
    readonly webhooks: Effect.Effect<ReadonlyArray<SeatEvent>>
    /** Every subscription and order there is, whoever may see it. */
    readonly purchases: Effect.Effect<ReadonlyArray<Purchase>>
    /** The time as the emulator has it: Effect's Clock, moved by `advance` and `setTime`. */
    readonly now: Effect.Effect<DateTime.Utc>
    /** Moves the clock. Fails where it would leave the years 1 to 9998. */
    readonly advance: (by: Duration.Input) => Effect.Effect<void, InvalidOption>
    /** Sets the clock, which goes on from there. Fails as `advance` does. */
    readonly setTime: (to: DateTime.Utc) => Effect.Effect<void, InvalidOption>
    /** Replaces some of the settings; the others stay. Refused are the URL of a webhook elsewhere, and a default version that does not exist. */
    readonly settings: (patch: Partial<Settings.Settings>) => Effect.Effect<void, InvalidOption>
    /**
     * Makes things go wrong from now on. The first fault that matches a request and is not used up befalls it; `[]` ends
     * them all. Fails where one makes no sense, and changes nothing then.
     */
    readonly faults: (faults: ReadonlyArray<Faults.Fault>) => Effect.Effect<void, InvalidOption>
    /** What Polar does when a subscription ends: every seat that is not revoked is revoked. */
    readonly cancel: (subscriptionId: SubscriptionId) => Effect.Effect<void, NotFound>
    /** What Polar does when a member is deleted: its seats are revoked. False where there is no such member. */
    readonly deleteMember: (memberId: MemberId) => Effect.Effect<boolean>
  }
>()("@polar-seats/http/Emulator") {}

const start = Effect.fnUntraced(function* (world: World.WorldInput) {
  const state = yield* State.make(yield* Effect.fromResult(World.load(world)))
  const handle = yield* Effect.provideService(App.make, State.EmulatorState, state)
  const services = Context.make(Emulator, {
    seed: (next) => Effect.flatMap(Effect.fromResult(World.load(next)), state.seed),
    seedJson: (json) => Effect.flatMap(Effect.fromResult(Seed.load(json)), state.seed),
    requests: Effect.sync(() => state.requests.slice()),
    webhooks: Effect.map(state.announced, (events) => events.slice()),
    purchases: state.purchases,
    now: state.now,
    advance: state.advance,
    setTime: state.setTime,
    settings: state.configure,
    faults: Effect.fnUntraced(function* (faults) {
      for (const [index, fault] of faults.entries()) {
        const [wrong] = Faults.whyNotFault(fault)
        if (wrong !== undefined) {
          return yield* new InvalidOption({ option: `faults.${index}.${wrong.path.join(".")}`, problem: wrong.issue })
        }
      }
      state.faults.replace(faults)
    }),
    cancel: (subscriptionId) => state.step((model, now) => model.cancel(subscriptionId, now)),
    deleteMember: (memberId) => state.step((model, now) => Result.succeed(model.deleteMember(memberId, now)))
  }).pipe(
    Context.add(Outbox, {
      mails: Effect.map(state.outbox, (mails) => mails.slice()),
      clear: Effect.map(state.outbox, (mails) => {
        mails.length = 0
      })
    })
  )
  return { handle, services, state }
})

// What Node says of a connection that the other side cut
const connectionReset = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" })

// As on a socket: the scope of a request is that of its answer, which a stream ends when it ends
const inScopeOfBody = (handle: App.Handle) =>
  Effect.suspend(() => {
    const scope = Scope.makeUnsafe()
    return handle.pipe(
      Effect.provideService(Scope.Scope, scope),
      Effect.flatMap((response) => {
        const { body } = response
        return body._tag === "Stream"
          ? Effect.succeed(
              HttpServerResponse.setBody(
                response,
                HttpBody.stream(
                  Stream.onExit(body.stream, (exit) => Scope.close(scope, exit)),
                  body.contentType,
                  body.contentLength
                )
              )
            )
          : Effect.as(Scope.close(scope, Exit.void), response)
      }),
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
    )
  })

/**
 * The emulator in process, for tests: an `HttpClient` whose every request ends in it, whatever the host. It needs no
 * socket, and runs on Effect's Clock.
 */
export const layer = (
  world: World.WorldInput
): Layer.Layer<Emulator | Outbox | HttpClient.HttpClient, World.InvalidWorld> =>
  Layer.effectContext(
    Effect.map(start(world), ({ handle, services }) => {
      const client = HttpClient.make((request, url) => {
        // What a client on a socket would add
        const headers = Headers.fromInput({
          host: url.host,
          ...(request.body._tag === "Empty" ? { "content-length": "0" } : {}),
          ...request.headers
        })
        const serverRequest = HttpServerRequest.fromClientRequest(request).modify({
          url: url.pathname + url.search,
          headers
        })
        return inScopeOfBody(handle).pipe(
          Effect.map((response) => HttpServerResponse.toClientResponse(response, { request })),
          Effect.mapError(
            () =>
              new HttpClientError.HttpClientError({
                reason: new HttpClientError.TransportError({ request, cause: connectionReset })
              })
          ),
          Effect.provideService(HttpServerRequest.HttpServerRequest, serverRequest)
        )
      })
      return Context.add(services, HttpClient.HttpClient, client)
    })
  )

// Where the connection was cut, nobody gets this answer
const cutOff = HttpServerResponse.empty({ status: 500 })

/**
 * The emulator on the `HttpServer` that it is given, for clients in any language. Where the context has an `HttpClient`
 * too, webhooks are delivered with it once the settings say where to.
 */
export const layerServer = (
  world: World.WorldInput
): Layer.Layer<Emulator | Outbox, World.InvalidWorld, HttpServer.HttpServer> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { handle, services, state } = yield* start(world)
      const client = yield* Effect.serviceOption(HttpClient.HttpClient)
      if (Option.isSome(client)) {
        yield* Effect.provideService(Webhooks.deliver(client.value), State.EmulatorState, state)
      }
      const answer = Effect.catchTag(handle, "ConnectionCut", () =>
        Effect.as(Effect.flatMap(HttpServerRequest.HttpServerRequest, Connection.cut), cutOff)
      )
      yield* HttpServer.serveEffect(answer)
      return services
    })
  )
