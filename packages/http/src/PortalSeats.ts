import { validate } from "@polar-seats/domain/Assignment"
import { RetryRateLimited, SendWithin } from "@polar-seats/domain/CallOptions"
import { notNegative } from "@polar-seats/domain/InvalidOption"
import { InvalidRequest, type SeatError, type Unauthorized, Unavailable } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import * as Cache from "effect/Cache"
import type * as Config from "effect/Config"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { identity } from "effect/Function"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as CustomerSessions from "./CustomerSessions.ts"
import { noAnswerWithin, notSentWithin } from "./internal/exchange.ts"
import { monotonicMillis } from "./internal/monotonic.ts"
import { checkCallersToken, checkMillis, checkToken, fromConfig } from "./internal/options.ts"
import { makePolarClock } from "./internal/polarClock.ts"
import * as PolarClient from "./internal/polarClient.ts"
import { checkPolicy, currentPolicy, defaultRetryPolicy, type Policy } from "./internal/retry.ts"
import * as SeatsClient from "./internal/seatsClient.ts"
import type { InvalidOption } from "./PolarConnection.ts"
import { CurrentRetryPolicy } from "./RetryPolicy.ts"

/** Options of the layers. */
export interface Options extends PolarClient.Options {
  /** The session of a customer or of a member (`polar_cst_…`, `polar_mst_…`). */
  readonly token: Redacted.Redacted<string>
}

const onPortal = (polar: PolarClient.PolarClient): Seats["Service"] => {
  const claimedSubscriptions = Stream.paginate(1, (page) => SeatsClient.requestPage(polar, page))
  return SeatsClient.make(polar, "/v1/customer-portal/seats", "CustomerPortal", claimedSubscriptions)
}

const makeWith = <E>(
  options: Options,
  checkedToken: Effect.Effect<Redacted.Redacted<string>, E>
): Effect.Effect<Seats["Service"], InvalidOption | E, HttpClient.HttpClient> =>
  Effect.flatMap(PolarClient.make(options), (connect) => Effect.map(checkedToken, (token) => onPortal(connect(token))))

/**
 * Makes `Seats` for one token, such as that of the request that a server is answering. It opens no connection: all that are
 * made over one `HttpClient` share its connections. A malformed token is `Unauthorized`, as an expired one is on the first
 * call. `InvalidOption` is about the other options.
 */
export const make = (
  options: Options
): Effect.Effect<Seats["Service"], InvalidOption | Unauthorized, HttpClient.HttpClient> =>
  makeWith(options, checkCallersToken("CustomerSession", options.token))

/**
 * `Seats` of Polar's customer portal, with the session of a customer or of a member. The layer retries a call that mails
 * only if Polar certainly did nothing.
 */
export const layer = (options: Options): Layer.Layer<Seats, InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(Seats, makeWith(options, checkToken(options.token)))

/** `layer` with options from the configuration. */
export const layerConfig: (
  options: Config.Wrap<Options>
) => Layer.Layer<Seats, Config.ConfigError | InvalidOption, HttpClient.HttpClient> = /* @__PURE__ */ fromConfig(layer)

/** Options of the layers that create their sessions themselves: those of `CustomerSessions`, and the customer. */
export interface CustomerOptions extends CustomerSessions.Options {
  readonly customer: CustomerSessions.CustomerReference
  /** The member to act as. Default: the owner, if the organization uses members. */
  readonly member?: CustomerSessions.MemberReference | undefined
  /**
   * How long before its end the layer replaces a session. If this is as long as a session lives, each call creates one.
   * Default: 1 minute.
   */
  readonly renewBefore?: Duration.Input | undefined
}

const isRefused = (error: SeatError): boolean => error._tag === "Unauthorized" && error.reason === "InvalidToken"

type UseRest = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Gives each part of a call what the parts before it have left of its `SendWithin`. */
const withSendWithin = <A, E, R>(call: (useRest: UseRest) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    const limit = fiber.getRef(SendWithin)
    if (limit === undefined) return call(identity)
    return Effect.flatMap(monotonicMillis, (start) =>
      call((effect) =>
        Effect.flatMap(monotonicMillis, (now) =>
          Effect.provideService(effect, SendWithin, Duration.millis(Duration.toMillis(limit) - (now - start)))
        )
      )
    )
  })

// `Seats` has no error of its own for this, because no other layer is built on an external id
const asInvalidRequest = ({ message }: CustomerSessions.AmbiguousCustomer) =>
  Effect.fail(
    new InvalidRequest({
      issues: [{ type: "AmbiguousExternalCustomerID", path: ["body", "external_customer_id"], message }]
    })
  )

/** Waits for a session as long as the call of the current fiber may wait. */
const withinCall = <A, E, R>(
  policy: Policy,
  host: string,
  session: Effect.Effect<A, E, R>
): Effect.Effect<A, E | Unavailable, R> =>
  Effect.withFiber((fiber) => {
    const { totalTimeout } = currentPolicy(policy, fiber)
    const sendWithin = Duration.toMillis(fiber.getRef(SendWithin) ?? Duration.infinity)
    const reason =
      sendWithin < totalTimeout ? notSentWithin("it was still waiting for a session") : noAnswerWithin(totalTimeout)
    return Effect.timeoutOrElse(session, {
      duration: Math.min(sendWithin, totalTimeout),
      orElse: () => Effect.fail(new Unavailable({ operation: "CustomerSessions.create", reason, host }))
    })
  })

// A function, because a bundler would keep the result of a call: an app that has a session does not ship this
const makeForCustomer = (options: CustomerOptions) =>
  Effect.gen(function* () {
    const { customer, member, renewBefore = "1 minute" } = options
    const policy = yield* checkPolicy(options)
    const connect = yield* PolarClient.make(options)
    const { create } = yield* CustomerSessions.make(options)
    const margin = yield* checkMillis("renewBefore", renewBefore, notNegative)
    // The sessions come and go, and what is known of Polar's time stays
    const clock = makePolarClock()
    const polarTime = SeatsClient.nowOf(clock)

    // Several callers may wait for one session, so the layer's policy applies, and not that of the first caller
    const created = Effect.gen(function* () {
      const { expiresAt, token } = yield* Effect.catchTag(
        create({ customer, member }),
        "AmbiguousCustomer",
        asInvalidRequest
      )
      const left = DateTime.toEpochMillis(expiresAt) - DateTime.toEpochMillis((yield* polarTime).now)
      const polar = connect(token, clock)
      return { polar, seats: onPortal(polar), validFor: Duration.millis(Math.max(0, left - margin)) }
    }).pipe(
      Effect.provideService(CurrentRetryPolicy, defaultRetryPolicy),
      Effect.provideService(RetryRateLimited, true),
      Effect.provideService(SendWithin, undefined)
    )
    type Session = Effect.Success<typeof created>

    // One entry. Callers that arrive while it is created wait for it together, and a failure is not kept
    const sessions = yield* Cache.makeWith((_: "current") => created, {
      capacity: 1,
      timeToLive: (exit) => (Exit.isSuccess(exit) ? exit.value.validFor : Duration.zero)
    })
    const current = Effect.flatMap(Cache.getSuccess(sessions, "current"), (known) =>
      Option.isSome(known)
        ? Effect.succeed(known.value)
        : withinCall(policy, connect().shared.host, Cache.get(sessions, "current"))
    )

    // If Polar refuses a session to several calls, the first drops it. The others find the next one, or wait for it
    const replace = (refused: Session) =>
      Effect.flatMap(Cache.getSuccess(sessions, "current"), (known) =>
        Option.getOrUndefined(known) === refused
          ? Effect.andThen(
              Cache.invalidateWhen(sessions, "current", (session) => session === refused),
              current
            )
          : current
      )

    // Polar checks the token before it does anything, so even a call that mails may be sent once more after a 401
    const withCurrent = <A, E extends SeatError>(use: (session: Session) => Effect.Effect<A, E>) =>
      withSendWithin((useRest) =>
        Effect.flatMap(current, (session) =>
          Effect.catchIf(useRest(use(session)), isRefused, () =>
            Effect.flatMap(useRest(replace(session)), (next) => useRest(use(next)))
          )
        )
      )

    return Seats.of({
      resend: (seatId) => withCurrent(({ seats }) => seats.resend(seatId)),
      list: (source) => withCurrent(({ seats }) => seats.list(source)),
      assign: (assignment) =>
        // An invalid assignment fails without a request, so it needs no session
        Effect.suspend(() => {
          const checked = validate(assignment)
          return Result.isFailure(checked)
            ? connect().failUnsent("Seats.assign", checked.failure)
            : withCurrent(({ seats }) => seats.assign(assignment))
        }),
      revoke: (seatId) => withCurrent(({ seats }) => seats.revoke(seatId)),
      claimedSubscriptions: Stream.paginate(1, (page) =>
        withCurrent(({ polar }) => SeatsClient.requestPage(polar, page))
      ),
      now: polarTime
    })
  })

/**
 * `Seats` of Polar's customer portal, for an organization that acts for one of its customers. The first call creates a
 * session, and all calls share it. The layer replaces it before it expires, and once in a call if Polar refuses it.
 *
 * If the session cannot be created, the call fails with that error; its `operation` is `CustomerSessions.create`. An
 * external id that means several customers is `InvalidRequest`: give the option `organization`. The layer retries a call
 * that mails only if Polar certainly did nothing. `totalTimeout` applies to each request.
 *
 * Polar: `POST /v1/customer-sessions/`, and the customer portal.
 */
export const layerForCustomer = (options: CustomerOptions): Layer.Layer<Seats, InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(Seats, makeForCustomer(options))

/** `layerForCustomer` with options from the configuration. */
export const layerForCustomerConfig: (
  options: Config.Wrap<CustomerOptions>
) => Layer.Layer<Seats, Config.ConfigError | InvalidOption, HttpClient.HttpClient> =
  /* @__PURE__ */ fromConfig(layerForCustomer)
