import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import type * as NetAddress from "effect/net/NetAddress"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type { MemberId } from "@polar-seats/domain/Seat"
import type { NotFound } from "@polar-seats/domain/SeatError"
import type { SubscriptionId } from "@polar-seats/domain/SeatSource"
import { InvalidOption } from "@polar-seats/http/PolarConnection"
import * as BrowserGuard from "./BrowserGuard.ts"
import * as Faults from "./internal/faults.ts"
import { readWorld, readWorldText } from "./internal/http/controlApi.ts"
import * as Middleware from "./internal/http/middleware.ts"
import { cancel, deleteMember } from "./internal/model/changes.ts"
import type { SeatEvent } from "./internal/model/polarModel.ts"
import type { Purchase } from "./internal/model/reads.ts"
import type * as Settings from "./internal/settings.ts"
import { type Dropped, EmulatorState, type RecordedRequest } from "./internal/state.ts"
import * as WebhookDelivery from "./internal/webhookDelivery.ts"
import { Outbox } from "./Outbox.ts"
import * as World from "./World.ts"

export type { Fault } from "./internal/faults.ts"
export type { SeatEvent } from "./internal/model/polarModel.ts"
export type { Purchase } from "./internal/model/reads.ts"
export type { Settings, Webhook } from "./internal/settings.ts"
export type { Dropped, RecordedRequest } from "./internal/state.ts"

/** Controls a server that behaves like Polar for seats, from within the process. `polar-seats emulator` offers the same as JSON under `/_emulator`. */
export class Emulator extends Context.Service<
  Emulator,
  {
    /**
     * Replaces everything by a world: mails, records, counters, settings and faults are dropped, and the clock is reset. An
     * invalid world changes nothing.
     */
    readonly seed: (world: World.WorldInput) => Effect.Effect<void, World.InvalidWorld>
    /** Does the same with the snake_case JSON of the control API. Its text keeps numbers that JavaScript cannot hold. */
    readonly seedJson: (json: unknown) => Effect.Effect<void, World.InvalidWorld>
    /** The requests except those to the control API, newest last. They hold no secret. `dropped` tells how many are missing. */
    readonly requests: Effect.Effect<ReadonlyArray<RecordedRequest>>
    /** The events that Polar sends a webhook for, newest last. `dropped` tells how many are missing. */
    readonly webhooks: Effect.Effect<ReadonlyArray<SeatEvent>>
    /** How many rows of each list were dropped, because every list has a bound. The oldest go first. */
    readonly dropped: Effect.Effect<Dropped>
    /** Every subscription and order, of all buyers. */
    readonly purchases: Effect.Effect<ReadonlyArray<Purchase>>
    /** The emulator's time: Effect's Clock, moved by `advance` and `setTime`. */
    readonly now: Effect.Effect<DateTime.Utc>
    /** Moves the clock. Fails if the clock would leave the years 1 to 9998. */
    readonly advance: (by: Duration.Input) => Effect.Effect<void, InvalidOption>
    /** Sets the clock, which keeps ticking from there. Fails like `advance`. */
    readonly setTime: (to: DateTime.Utc) => Effect.Effect<void, InvalidOption>
    /** Replaces some of the settings. Fails if the webhook's host is neither this machine nor one of `allowHosts`, or if the versions lack the default one. */
    readonly settings: (patch: Partial<Settings.Settings>) => Effect.Effect<void, InvalidOption>
    /**
     * Replaces the faults. The first fault that matches a request, and is not used up, applies to it. `[]` ends all faults.
     * If a fault is invalid, the call fails and changes nothing.
     */
    readonly faults: (faults: ReadonlyArray<Faults.Fault>) => Effect.Effect<void, InvalidOption>
    /** Ends a subscription as Polar does: revokes every seat of it that is not revoked. */
    readonly cancel: (subscriptionId: SubscriptionId) => Effect.Effect<void, NotFound>
    /** Deletes a member as Polar does: revokes its seats. False if there is no such member. */
    readonly deleteMember: (memberId: MemberId) => Effect.Effect<boolean>
  }
>()("@polar-seats/emulator/Emulator") {}

/** Options of the layers. */
export interface Options {
  /**
   * The hosts that may receive webhooks although they are not this machine, such as `receiver` in a network of containers.
   * A port may follow. On a socket, the control API may be called by these names too. Neither a setting nor a seed can add
   * one. Default: none.
   */
  readonly allowHosts?: ReadonlyArray<string> | undefined
}

const start = Effect.fnUntraced(function* (
  world: World.WorldInput,
  { allowHosts = [] }: Options,
  address?: NetAddress.SocketAddress
) {
  const state = yield* EmulatorState.make(yield* Effect.fromResult(World.load(world)), allowHosts)
  const guard = BrowserGuard.make(address, allowHosts)
  const handle = yield* Effect.provideService(Middleware.make(guard), EmulatorState, state)
  const services = Context.make(Emulator, {
    seed: (next) => Effect.flatMap(Effect.fromResult(World.load(next)), state.seed),
    seedJson: (json) =>
      Effect.flatMap(
        Effect.suspend(() => Effect.fromResult(Predicate.isString(json) ? readWorldText(json) : readWorld(json))),
        state.seed
      ),
    requests: Effect.sync(state.requests.rows),
    webhooks: Effect.map(state.announced, (events) => events.rows()),
    dropped: state.dropped,
    purchases: state.purchases,
    now: state.now,
    advance: state.advance,
    setTime: state.setTime,
    settings: state.configure,
    faults: Effect.fnUntraced(function* (faults) {
      for (const [index, fault] of faults.entries()) {
        const [wrong] = Faults.faultProblems(fault)
        if (wrong !== undefined) {
          return yield* new InvalidOption({
            option: `faults.${index}.${wrong.path.join(".")}`,
            description: wrong.issue
          })
        }
      }
      state.faults.replace(faults)
    }),
    cancel: (subscriptionId) => state.step((model, now) => cancel(model, subscriptionId, now)),
    deleteMember: (memberId) => state.step((model, now) => Result.succeed(deleteMember(model, memberId, now)))
  }).pipe(
    Context.add(Outbox, {
      mails: Effect.map(state.outbox, (mails) => mails.rows()),
      dropped: Effect.map(state.outbox, (mails) => mails.dropped()),
      clear: Effect.map(state.outbox, (mails) => mails.clear())
    })
  )
  return { handle, services, state }
})

// The error that Node raises if the other side cuts the connection
const connectionReset = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" })

// Keeps the scope of a request open until its answer has ended, as a server on a socket does
const inScopeOfBody = (handle: Middleware.Handle) =>
  Effect.suspend(() => {
    const scope = Scope.makeUnsafe()
    return Effect.map(handle, HttpEffect.scopeTransferToStream).pipe(
      Effect.provideService(Scope.Scope, scope),
      Effect.onExit((exit) =>
        Exit.isSuccess(exit) && exit.value.body._tag === "Stream" ? Effect.void : Scope.close(scope, exit)
      )
    )
  })

/**
 * The emulator in process, for tests. Its `HttpClient` sends every request to it, for any host. It needs no socket, and
 * runs on Effect's Clock.
 */
export const layer = (
  world: World.WorldInput,
  options: Options = {}
): Layer.Layer<Emulator | Outbox | HttpClient.HttpClient, World.InvalidWorld> =>
  Layer.effectContext(
    Effect.map(start(world, options), ({ handle, services }) => {
      const client = HttpClient.make((request, url) => {
        // The headers that a client on a socket adds
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

// The span of a request would hold its URL, and Polar takes the token of an invitation as a part of the path
const withoutSpans = Effect.provideService(HttpMiddleware.TracerDisabledWhen, () => true)

// The client never gets this answer, because its connection is cut
const cutOff = HttpServerResponse.empty({ status: 500 })

/**
 * The emulator on the `HttpServer` in the context, for clients in any language. If the context also has an `HttpClient`,
 * the emulator delivers webhooks with it to the receiver in the settings. Its control API is for programs of this machine:
 * it answers no web page of another origin, and no `Host` but the names of this machine and `allowHosts`.
 */
export const layerServer = (
  world: World.WorldInput,
  options: Options = {}
): Layer.Layer<Emulator | Outbox, World.InvalidWorld, HttpServer.HttpServer> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { address } = yield* HttpServer.HttpServer
      const { handle, services, state } = yield* start(world, options, address)
      const client = yield* Effect.serviceOption(HttpClient.HttpClient)
      if (Option.isSome(client)) {
        yield* Effect.provideService(WebhookDelivery.deliver(client.value), EmulatorState, state)
      }
      const answer = Effect.catchTag(handle, "ConnectionCut", () =>
        Effect.as(Effect.flatMap(HttpServerRequest.HttpServerRequest, Middleware.dropConnection), cutOff)
      )
      yield* withoutSpans(HttpServer.serveEffect(answer))
      return services
    })
  )
