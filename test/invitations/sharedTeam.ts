import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import { PgClient } from "@effect/sql-pg"
import { Attempt, Journal } from "@polar-seats/invitations/Journal"
import { Outbox } from "@polar-seats/emulator/Outbox"
import type { ReminderOutcome } from "@polar-seats/invitations/Reminder"
import type * as Reissue from "@polar-seats/invitations/Reissue"
import { NotFound } from "@polar-seats/domain/SeatError"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { Seats } from "@polar-seats/domain/Seats"
import type { WorldInput } from "@polar-seats/emulator/World"
import * as SharedRun from "@polar-seats/invitations/SharedRun"
import { DateTime, Deferred, Effect, Fiber, Layer, Redacted, Stream } from "effect"

const token = "polar_cst_acme"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
export const subscriptionId = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
export const team = SeatSource.Subscription({ id: SubscriptionId.make(subscriptionId) })
export const unknown = SeatSource.Subscription({ id: SubscriptionId.make("30c81c46-a35c-4411-a5fb-c1191a0a52ef") })

const pending = ["ann", "bea", "cid", "dan"]
const seatsOfTeam: NonNullable<WorldInput["seats"]> = [
  ...pending.map((name) => ({
    subscriptionId,
    status: "pending" as const,
    email: `${name}@acme.com`,
    invitationToken: name,
    createdAt: "2026-11-01T00:00:00Z"
  })),
  { subscriptionId, status: "claimed", email: "eve@acme.com" },
  { subscriptionId, status: "revoked" }
]
const world: WorldInput = {
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: subscriptionId, product, customer, seats: 9 }],
  seats: seatsOfTeam,
  tokens: [{ token, customer }]
}

// Each test has tables of its own
let tests = 0
export const tables = () => {
  const table = `run${tests++}`
  return { table, journal: { table: `${table}_journal` } }
}

/** The database, and a Polar of its own for each test. */
export const polarWith = (url: string, seats: NonNullable<WorldInput["seats"]> = seatsOfTeam) =>
  Layer.merge(
    PgClient.layer({ url: Redacted.make(url), maxConnections: 3 }),
    SeatsMemory.layer({ ...world, seats }, token)
  )

/** Runs a worker's code. Each worker builds its own layer. */
export const worker = <A, E>(
  options: Omit<SharedRun.Options, "run"> & { readonly run?: string },
  body: (run: SharedRun.SharedRun["Service"]) => Effect.Effect<A, E>
) =>
  Effect.provide(
    Effect.flatMap(SharedRun.SharedRun, body),
    SharedRun.layer({ run: "one", pollInterval: "50 millis", ...options }),
    { local: true }
  )
export const offer = ({ offer }: SharedRun.SharedRun["Service"]) => offer([team])
export const work = (run: SharedRun.SharedRun["Service"]) => Stream.runCollect(run.work({ concurrency: 2 }))
export const results = (run: SharedRun.SharedRun["Service"]) => Stream.runCollect(run.results)
export const mailed = Effect.flatMap(Outbox, ({ mails }) =>
  Effect.map(mails, (all) => all.map(({ to }) => to).toSorted())
)

/** Writes down a reissue that a process began long ago. */
export const putReissue = (reissue: Reissue.Reissue, phase: Reissue.Phase) =>
  Effect.flatMap(Journal, ({ put }) => {
    const longAgo = DateTime.makeUnsafe("2026-11-02T00:00:00Z")
    const fields = { id: "gone/1", owner: "gone", startedAt: longAgo, until: longAgo }
    const attempt = Attempt.cases.Reissue.make({ ...fields, reissue, phase })
    return put(reissue.key, { mailed: null, doubt: null, attempt }, undefined)
  })

export const everybody = pending.map((name) => `${name}@acme.com`)

/** All outcomes of a worker, and the error that it ended with. */
export const workToTheEnd = ({ work }: SharedRun.SharedRun["Service"]) =>
  Effect.suspend(() => {
    const outcomes: Array<ReminderOutcome> = []
    return work({ concurrency: 2 }).pipe(
      Stream.runForEach((outcome) => Effect.sync(() => outcomes.push(outcome))),
      Effect.match({
        onFailure: (failure) => ({ outcomes, failure }),
        onSuccess: () => ({ outcomes, failure: undefined })
      })
    )
  })

type Service = Seats["Service"]

/** The same Polar, with some other calls. */
export const seatsWith = (change: (seats: Service) => Partial<Service>): Layer.Layer<Seats, never, Seats> =>
  Layer.fresh(
    Layer.effect(
      Seats,
      Effect.map(Seats, (seats) => Seats.of({ ...seats, ...change(seats) }))
    )
  )

export const teamIsGone = seatsWith(() => ({
  list: ({ _tag, id }) => Effect.fail(new NotFound({ resource: _tag === "Order" ? "order" : "subscription", id }))
}))

/** An offer that is interrupted while it lists its source. */
export const cutOffOffer = Effect.fnUntraced(function* (shared: ReturnType<typeof tables>) {
  const listing = yield* Deferred.make<void>()
  const hanging = seatsWith(() => ({ list: () => Effect.andThen(Deferred.succeed(listing, undefined), Effect.never) }))
  const offering = yield* Effect.forkChild(Effect.provide(worker(shared, offer), hanging, { local: true }))
  yield* Deferred.await(listing)
  yield* Fiber.interrupt(offering)
})
