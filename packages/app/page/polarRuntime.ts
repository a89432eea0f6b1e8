import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { RetryRateLimited } from "@polar-seats/domain/CallOptions"
import { Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import type * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"

/** Where Polar is, as far as this page goes: on another origin than the page. */
export const api = document.documentElement.dataset["api"] ?? ""

const base = Effect.runSync(Clock.clockWith((clock) => Effect.succeed(clock)))
let ahead = 0

/** Takes over the time of the emulator, which can be moved. */
export const setTime = (now: number): void => {
  ahead = now - base.currentTimeMillisUnsafe()
}

const millis = () => base.currentTimeMillisUnsafe() + ahead
const nanos = () => base.currentTimeNanosUnsafe() + BigInt(Math.round(ahead)) * 1_000_000n

/** The time in the emulator, now. */
export const now = (): DateTime.Utc => DateTime.makeUnsafe(millis())

// The library judges invitations by Effect's Clock: here that is the emulator's
const clock: Clock.Clock = {
  currentTimeMillisUnsafe: millis,
  currentTimeMillis: Effect.sync(millis),
  currentTimeNanosUnsafe: nanos,
  currentTimeNanos: Effect.sync(nanos),
  monotonicTimeNanosUnsafe: () => base.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: base.monotonicTimeNanos,
  sleep: (duration) => base.sleep(duration)
}

// As their prefixes tell: tokens of organizations and of users, who may act for one
const isOrganizations = (token: Redacted.Redacted<string>) => /^polar_(oat|at|pat)_/.test(Redacted.value(token))

const services = (token: Redacted.Redacted<string>) => {
  const seats = isOrganizations(token)
    ? OrganizationSeats.layer({ baseUrl: api, token })
    : PortalSeats.layer({ baseUrl: api, token })
  return Invitations.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(seats, Journal.layerMemory, SeatClaims.layer({ baseUrl: api }))),
    Layer.provide(FetchTransport.layer),
    Layer.merge(Layer.succeed(Clock.Clock, clock))
  )
}

/** What the calls of a session need. */
export type Services = Seats | Invitations | SeatClaims.SeatClaims

/** A subscription or an order, looked at with a token. The token is in memory alone, and goes with the page. */
export interface Session {
  readonly source: SeatSource
  /** Starts a call. It is not waited for where Polar limits the rate: the page tells, and counts down. */
  readonly run: <A, E>(
    effect: Effect.Effect<A, E, Services>,
    ended: {
      readonly done: (value: A) => void
      readonly failed: (error: E | PolarConnection.InvalidOption) => void
      readonly broken: () => void
    }
  ) => void
}

/** Opens a session. Nothing is sent by it. */
export const open = (source: SeatSource, token: Redacted.Redacted<string>): Session => {
  // Never disposed: a call that is on its way is not to be cut off because somebody looks at another subscription
  const runtime = ManagedRuntime.make(services(token))
  return {
    source,
    run: (effect, { broken, done, failed }) => {
      Effect.runFork(
        Effect.flatMap(runtime.contextEffect, (context) =>
          Effect.provideContext(Effect.provideService(effect, RetryRateLimited, false), context)
        ).pipe(
          Effect.match({ onSuccess: done, onFailure: failed }),
          Effect.catchCause(() => Effect.sync(broken))
        )
      )
    }
  }
}
