import * as Emulator from "@polar-seats/emulator/Emulator"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { type Report, show } from "../report.ts"
import { seatId, subscriptionId, token } from "../wire.ts"

const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const source = SeatSource.Subscription({ id: SubscriptionId.make(subscriptionId) })

const worldOf = (count: number) => ({
  organizations: [{ slug: "acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: subscriptionId, product, customer, seats: count }],
  seats: Array.from({ length: count }, (_, index) => ({
    id: seatId(index + 1),
    subscriptionId,
    status: "pending" as const,
    email: `seat${index}@acme.com`,
    invitationToken: `token${index}`,
    invitationTokenExpiresAt: "2026-11-01T00:00:00Z",
    createdAt: "2026-10-31T00:00:00Z"
  })),
  tokens: [{ token, customer }]
})

/** Reissues the dead invitations of one source. Throws if a person is not mailed once. */
const reissueAll = (count: number) => {
  const emulator = Emulator.layer(worldOf(count))
  const seats = PortalSeats.layer({ token: Redacted.make(token) })
  const live = Invitations.layer.pipe(Layer.provide([Journal.layerMemory, seats]), Layer.provideMerge(emulator))
  return Effect.gen(function* () {
    const { remind } = yield* Invitations
    const begin = performance.now()
    const outcomes = yield* Stream.runCollect(remind(source, { onExpired: "reissue" }))
    const seconds = (performance.now() - begin) / 1000
    const reissued = outcomes.filter(({ _tag }) => _tag === "Reissued").length
    if (reissued !== count) throw new Error(`${reissued} of ${count} seats were reissued`)
    const requests = yield* (yield* Emulator.Emulator).requests
    return { seconds, lists: requests.filter(({ method }) => method === "GET").length }
  }).pipe(Effect.provide(live), Effect.runPromise)
}

/** The cost of a reissue as the source grows. */
export const run = async (sizes: ReadonlyArray<number>): Promise<Report> => {
  await reissueAll(50)
  const figures: Array<{ readonly size: number; readonly seconds: number; readonly lists: number }> = []
  for (const size of sizes) figures.push({ size, ...(await reissueAll(size)) })
  const [smallest = { size: Number.NaN, seconds: Number.NaN, lists: 0 }] = figures
  const growth = figures.map(({ seconds, size }) => seconds / smallest.seconds / (size / smallest.size))
  // The run lists its seats. After that, one read serves the revocations of five seconds
  const readsTooMany = figures.map(({ lists, seconds }) => lists - 1 - Math.ceil(seconds / 5))
  return {
    title: "Reissue",
    notes: [],
    tables: [
      {
        caption:
          'Reissues of dead invitations of one source (`remind` with `onExpired: "reissue"`), in one process with the emulator',
        columns: ["seats", "seconds", "x the seats", "x the time", "list reads"],
        rows: figures.map(({ lists, seconds, size }) => [
          show(size),
          show(seconds),
          show(size / smallest.size),
          show(seconds / smallest.seconds),
          String(lists)
        ])
      }
    ],
    measured: { "scale/reissue/growth": Math.max(...growth), "scale/reissue/reads": Math.max(...readsTooMany) }
  }
}
