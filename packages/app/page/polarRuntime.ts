import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { RetryRateLimited } from "@polar-seats/domain/CallOptions"
import { Seats } from "@polar-seats/domain/Seats"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as OrganizationSeats from "@polar-seats/http/OrganizationSeats"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { type Failure, type Note, noteFailure } from "./text.ts"

/** The URL of the emulator for Polar's API. It is of another origin than the page. */
export const apiUrl = document.documentElement.dataset["api"] ?? ""

const base = Effect.runSync(Clock.clockWith((clock) => Effect.succeed(clock)))
let ahead = 0

/** Sets this page's clock to the time of the emulator, which its user can move. */
export const setTime = (now: number): void => {
  ahead = now - base.currentTimeMillisUnsafe()
}

const millis = () => base.currentTimeMillisUnsafe() + ahead
const nanos = () => base.currentTimeNanosUnsafe() + BigInt(Math.round(ahead)) * 1_000_000n

/** The current time in the emulator. */
export const now = (): DateTime.Utc => DateTime.makeUnsafe(millis())

// No answer from Polar's origin shows the page its `Date`, so the library judges invitations by this Clock, which has the
// emulator's time
const clock: Clock.Clock = {
  currentTimeMillisUnsafe: millis,
  currentTimeMillis: Effect.sync(millis),
  currentTimeNanosUnsafe: nanos,
  currentTimeNanos: Effect.sync(nanos),
  monotonicTimeNanosUnsafe: () => base.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: base.monotonicTimeNanos,
  sleep: (duration) => base.sleep(duration)
}

// These prefixes belong to tokens of organizations, and of users who act for one
const isOrganizationToken = (token: Redacted.Redacted<string>) => /^polar_(oat|at|pat)_/.test(Redacted.value(token))

const layerFor = (token: Redacted.Redacted<string>) => {
  const seats = isOrganizationToken(token)
    ? OrganizationSeats.layer({ baseUrl: apiUrl, token })
    : PortalSeats.layer({ baseUrl: apiUrl, token })
  return Invitations.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(seats, Journal.layerMemory, SeatClaims.layer({ baseUrl: apiUrl }))),
    Layer.provide(FetchTransport.layer),
    Layer.merge(Layer.succeed(Clock.Clock, clock))
  )
}

/** The services that a session's calls may use. */
type Services = Seats | Invitations | SeatClaims.SeatClaims

/** A subscription or an order, opened with a token. The token is only in this page's memory. */
export interface Session {
  readonly source: SeatSource
  /** Starts a call. A 429 is not retried: the call fails, and the page counts down to the next try. */
  readonly run: <A, E extends Failure>(
    call: Effect.Effect<A, E, Services>,
    ended: { readonly done: (value: A) => void; readonly failed: (note: Note) => void }
  ) => void
}

const broken: Note = {
  tone: "failed",
  text: "The page itself failed, so the outcome of the call is unknown. Look at the list."
}

/** Opens a session. It sends nothing. */
export const openSession = (source: SeatSource, token: Redacted.Redacted<string>): Session => {
  // Never disposed, because a running call must not be interrupted when the page opens another subscription
  const runtime = ManagedRuntime.make(layerFor(token))
  return {
    source,
    run: (call, { done, failed }) => {
      Effect.runFork(
        Effect.flatMap(runtime.contextEffect, (context) =>
          Effect.provideContext(Effect.provideService(call, RetryRateLimited, false), context)
        ).pipe(
          Effect.match({ onSuccess: done, onFailure: (error) => failed(noteFailure(error, now())) }),
          Effect.catchCause(() => Effect.sync(() => failed(broken)))
        )
      )
    }
  }
}
