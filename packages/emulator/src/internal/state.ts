import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Random from "effect/Random"
import type * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import type { World } from "../World.ts"
import * as Bounds from "./bounds.ts"
import * as Deliveries from "./deliveries.ts"
import * as Faults from "./faults.ts"
import * as RateLimits from "./http/rateLimits.ts"
import * as RequestBody from "./http/requestBody.ts"
import * as Ledger from "./ledger.ts"
import * as PolarModel from "./model/polarModel.ts"
import { purchases } from "./model/reads.ts"
import * as MovableClock from "./movableClock.ts"
import { redactUrl, shorten } from "./redact.ts"
import * as Settings from "./settings.ts"

/** A recorded request. It holds no secret. */
export interface RecordedRequest {
  readonly method: string
  /**
   * The path with its query. Invitation tokens in it are replaced by `…`. After 2,048 characters it ends with the number of
   * those that are missing, such as `… (12345 more characters)`.
   */
  readonly path: string
  /** The status of the answer, or 0 if the connection was cut. */
  readonly status: number
  /** The time of arrival. */
  readonly at: DateTime.Utc
  /** As whom it was made, such as `customer:<id>`. Null without a valid token. It never holds the token. */
  readonly subject: string | null
}

/** How many rows the bounds of an emulator cost, each since its list was last emptied. */
export interface Dropped {
  /** Beyond 100,000 mails, or 64 MiB of text. */
  readonly outbox: number
  /** Beyond 100,000 requests, or 32 MiB of text. */
  readonly requests: number
  /** Beyond 50,000 seat events, or 32 MiB of metadata. */
  readonly webhooks: number
  /** Webhooks that were not delivered, because 50,000 others, or 32 MiB, waited for a slow receiver. */
  readonly deliveries: number
  /** Sessions that ended early, because 50,000 later ones were created. */
  readonly sessions: number
}

const requestLength = ({ path, subject }: RecordedRequest): number => path.length + (subject?.length ?? 0)

/** A claim, for the claim stream. It holds little, because a slow reader keeps many in memory. */
export interface Claim extends Pick<PolarModel.SeatEvent, "id" | "type" | "productId"> {
  readonly seat: Pick<PolarModel.SeatEvent["seat"], "id" | "customerId" | "subscriptionId" | "orderId">
}
const toClaim = ({ id, productId, seat, type }: PolarModel.SeatEvent): Claim => ({
  id,
  type,
  productId,
  seat: Struct.pick(seat, ["id", "customerId", "subscriptionId", "orderId"])
})

const make = Effect.fnUntraced(function* (world: World, allowHosts: ReadonlyArray<string>) {
  const random = yield* Random.Random
  const claims = yield* PubSub.sliding<Claim>(Bounds.claimsBehind)
  const deliveries = Deliveries.make()
  const requests = Ledger.make(Bounds.requests, requestLength)
  const faults = Faults.make()
  const rateLimits = RateLimits.make()
  let settings = Settings.defaults
  const { reset, ...clock } = MovableClock.make()

  const publish = (event: PolarModel.SeatEvent): void => {
    if (event.type === "customer_seat.claimed") PubSub.publishUnsafe(claims, toClaim(event))
    if (settings.webhook !== null) deliveries.offer(event)
  }
  let model = PolarModel.make(world, yield* clock.now, random, publish)

  return {
    ...clock,
    /** Runs one step of the model at the emulator's time, and publishes its announcements. */
    step: <A, E>(act: (model: PolarModel.PolarModel, now: DateTime.Utc) => Result.Result<A, E>): Effect.Effect<A, E> =>
      Effect.flatMap(clock.now, (at) => Effect.fromResult(act(model, at))),
    /** The mails so far. The caller may empty it. */
    outbox: Effect.sync(() => model.outbox),
    /** The announcements so far. The caller may empty it. */
    announced: Effect.sync(() => model.events),
    purchases: Effect.sync(() => purchases(model)),
    /** Claims as they happen. A reader that falls behind misses the oldest. A seed does not end it. */
    claims,
    /** Announcements that wait for their delivery. */
    deliveries,
    dropped: Effect.sync((): Dropped => ({
      outbox: model.outbox.dropped(),
      requests: requests.dropped(),
      webhooks: model.events.dropped(),
      deliveries: deliveries.dropped(),
      sessions: model.sessions.dropped()
    })),
    /** Replaces everything by a world: mails, records, counters, settings and faults are dropped, and the clock is reset. */
    seed: (next: World) =>
      Effect.map(DateTime.now, (start) => {
        reset()
        requests.clear()
        deliveries.clear()
        settings = Settings.defaults
        faults.replace([])
        rateLimits.clear()
        model = PolarModel.make(next, start, random, publish)
      }),
    /** The requests so far. The caller may empty it. */
    requests,
    /** Records a request. Its path is cut, and every invitation token is cut out of it. */
    record: ({ path, ...request }: RecordedRequest) =>
      requests.push({ ...request, path: shorten(redactUrl(path, model.secrets.cut), Bounds.pathLength) }),
    settings: Effect.sync(() => settings),
    /** Replaces some of the settings. Changes nothing if the result is invalid. */
    configure: Effect.fnUntraced(function* (patch: Partial<Settings.Settings>) {
      const next = Settings.merge(settings, patch)
      const problem = Settings.settingsProblem(next, patch, allowHosts)
      if (problem !== undefined) return yield* problem
      settings = next
    }),
    faults,
    rateLimits,
    bodies: RequestBody.make()
  }
})

/** The state of an emulator. */
export class EmulatorState extends Context.Service<EmulatorState>()("@polar-seats/emulator/EmulatorState", { make }) {}
