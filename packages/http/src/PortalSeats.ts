import { validate } from "@polar-seats/domain/Assignment"
import { RetryRateLimited } from "@polar-seats/domain/CallOptions"
import { type SeatError, Unavailable } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import * as Cache from "effect/Cache"
import * as Config from "effect/Config"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as CustomerSessions from "./CustomerSessions.ts"
import * as ClaimedSubscriptions from "./internal/claimedSubscriptions.ts"
import { noAnswer } from "./internal/exchange.ts"
import * as PolarClient from "./internal/polarClient.ts"
import { checkPolicy, policyOf, unsaid } from "./internal/retry.ts"
import * as SeatsClient from "./internal/seatsClient.ts"
import * as PolarConnection from "./PolarConnection.ts"
import { CurrentRetryPolicy } from "./RetryPolicy.ts"

/** Options of the layers. */
export interface Options extends PolarClient.Options {
  /** The session of a customer or of a member (`polar_cst_…`, `polar_mst_…`). */
  readonly token: Redacted.Redacted<string>
}

const withSession = (polar: PolarClient.PolarClient, token: Redacted.Redacted<string>): Seats["Service"] =>
  SeatsClient.make(polar, token, {
    path: "/v1/customer-portal/seats",
    wants: "CustomerSession",
    claimedSubscriptions: ClaimedSubscriptions.make(ClaimedSubscriptions.ask(polar, token))
  })

const make = (options: Options) =>
  Effect.gen(function* () {
    const polar = yield* PolarClient.make(options)
    return withSession(polar, yield* PolarConnection.checkToken(options.token))
  })

/** `Seats` of Polar's customer portal, with the session of a customer or of a member. What mails is repeated only where it surely did not happen. */
export const layer = (options: Options): Layer.Layer<Seats, PolarConnection.InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(Seats, make(options))

/** Like `layer`, with options that come from the configuration. */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<Seats, PolarConnection.InvalidOption | Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(Seats, Effect.flatMap(Config.unwrap(options), make))

/** Options of the layers that create their sessions themselves: those of `CustomerSessions`, and whose session it is. */
export interface CustomerOptions extends CustomerSessions.Options {
  readonly customer: CustomerSessions.CustomerReference
  /** As which member. Default: the owner, where the organization uses members. */
  readonly member?: CustomerSessions.MemberReference | undefined
  /** How long before its end a session is replaced. As long as a session lives, it makes one for each call. Default: 1 minute. */
  readonly renewBefore?: Duration.Input | undefined
}

const isRefused = (error: SeatError): boolean => error._tag === "Unauthorized" && error.reason === "InvalidToken"

// A function, and not the result of a call, which a bundler keeps: who has a session does not ship what creates them
const makeForCustomer = (options: CustomerOptions) =>
  Effect.gen(function* () {
    const { customer, member, renewBefore = "1 minute" } = options
    const policy = yield* checkPolicy(options)
    const polar = yield* PolarClient.make(options)
    const { create } = yield* CustomerSessions.make(options)
    const margin = yield* PolarConnection.checkDuration("renewBefore", renewBefore)

    const open = Effect.gen(function* () {
      const { expiresAt, token } = yield* create({ customer, member })
      const left = DateTime.toEpochMillis(expiresAt) - DateTime.toEpochMillis(yield* DateTime.now)
      return {
        seats: withSession(polar, token),
        claimed: ClaimedSubscriptions.ask(polar, token),
        goodFor: Duration.millis(Math.max(0, left - margin))
      }
    })
    type Session = Effect.Success<typeof open>
    // It is all theirs who wait for it: by the layer's policy, and not by that of who came first
    const opened = open.pipe(
      Effect.provideService(CurrentRetryPolicy, unsaid),
      Effect.provideService(RetryRateLimited, true)
    )

    // One entry: those who come while it is being made wait for it together, and a failure is not kept
    const sessions = yield* Cache.makeWith((_: "current") => opened, {
      capacity: 1,
      timeToLive: (exit) => (Exit.isSuccess(exit) ? exit.value.goodFor : Duration.zero)
    })
    const current = Effect.flatMap(Cache.getSuccess(sessions, "current"), (known) =>
      Option.isSome(known)
        ? Effect.succeed(known.value)
        : Effect.withFiber((fiber) => {
            const patience = policyOf(policy, fiber).totalTimeout
            return Effect.timeoutOrElse(Cache.get(sessions, "current"), {
              duration: patience,
              orElse: () =>
                Effect.fail(new Unavailable({ operation: "CustomerSessions.create", reason: noAnswer(patience) }))
            })
          })
    )

    // Of several whose session was refused, the first drops it, and the others find that another is current or on its way
    const replace = (refused: Session) =>
      Effect.flatMap(Cache.getSuccess(sessions, "current"), (known) =>
        Option.getOrUndefined(known) === refused
          ? Effect.andThen(
              Cache.invalidateWhen(sessions, "current", (session) => session === refused),
              current
            )
          : current
      )

    // 401 is judged before anything is done, so that even what mails may be sent once more
    const withCurrent = <A, E extends SeatError>(use: (session: Session) => Effect.Effect<A, E>) =>
      Effect.flatMap(current, (session) =>
        Effect.catchIf(use(session), isRefused, () => Effect.flatMap(replace(session), use))
      )

    return Seats.of({
      resend: (seatId) => withCurrent(({ seats }) => seats.resend(seatId)),
      list: (source) => withCurrent(({ seats }) => seats.list(source)),
      assign: (assignment) =>
        // What is refused without a request needs no session either
        Effect.andThen(
          Effect.fromResult(validate(assignment)),
          withCurrent(({ seats }) => seats.assign(assignment))
        ),
      revoke: (seatId) => withCurrent(({ seats }) => seats.revoke(seatId)),
      claimedSubscriptions: ClaimedSubscriptions.make((page) => withCurrent(({ claimed }) => claimed(page)))
    })
  })

/**
 * `Seats` of Polar's customer portal, for an organization that acts for one of its customers. A session is created when
 * one is first needed, shared by all calls, and replaced before it expires, or once in a call that Polar refuses it to.
 * What creating it fails with is what the call fails with (`CustomerSessions.create` in its `operation`). Beside that
 * what mails is repeated only where it surely did not happen. `totalTimeout` is for each request.
 *
 * Polar: `POST /v1/customer-sessions/`, and the customer portal.
 */
export const layerForCustomer = (
  options: CustomerOptions
): Layer.Layer<Seats, PolarConnection.InvalidOption, HttpClient.HttpClient> =>
  Layer.effect(Seats, makeForCustomer(options))

/** Like `layerForCustomer`, with options that come from the configuration. */
export const layerForCustomerConfig = (
  options: Config.Wrap<CustomerOptions>
): Layer.Layer<Seats, PolarConnection.InvalidOption | Config.ConfigError, HttpClient.HttpClient> =>
  Layer.effect(Seats, Effect.flatMap(Config.unwrap(options), makeForCustomer))
