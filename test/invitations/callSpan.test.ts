import { assert, describe, it } from "@effect/vitest"
import { Invitations } from "@polar-seats/invitations/Invitations"
import { DateTime, Effect, Fiber, Layer, Metric, Tracer } from "effect"
import { recordingTracer } from "../http/recordingTracer.ts"
import { advance, away, polar, processOver, seatOf } from "./processes.ts"
import { teamOf } from "./team.ts"

const epoch = DateTime.makeUnsafe(0)
const address = "live-0@acme.com"
const expired = "expired-1@acme.com"

const counts = Effect.map(Metric.snapshot, (metrics) => {
  const found = new Map<string, number>()
  for (const { attributes, id, state } of metrics) {
    if (!("count" in state)) continue
    const key = `${id} ${String(attributes?.["operation"])} ${String(attributes?.["outcome"])}`
    found.set(key, (found.get(key) ?? 0) + Number(state.count))
  }
  return found
})

type Call = (seats: {
  readonly live: Effect.Success<ReturnType<typeof seatOf>>
  readonly dead: Effect.Success<ReturnType<typeof seatOf>>
}) => Effect.Effect<unknown, unknown, Invitations>

const through = (use: (invitations: Invitations["Service"]) => Effect.Effect<unknown, unknown>) =>
  Effect.flatMap(Invitations, use)
const rows: ReadonlyArray<readonly [operation: string, outcome: string, Call]> = [
  ["resend", "MailedRecently", ({ live }) => through(({ resend }) => resend(live))],
  ["resend", "MailedRecently", ({ live }) => through(({ resend }) => resend(live.id))],
  ["resend", "Success", ({ live }) => through(({ resend }) => resend(live, { again: true }))],
  ["resend", "InvitationExpired", ({ dead }) => through(({ resend }) => resend(dead))],
  ["resend", "InvalidOption", ({ live }) => through(({ resend }) => resend(live, { cooldown: -1 }))],
  ["reissue", "MailedRecently", ({ live }) => through(({ reissue }) => reissue(live))],
  ["reissue", "Success", ({ dead }) => through(({ reissue }) => reissue(dead))],
  ["remindOne", "MailedRecently", ({ live }) => through(({ remindOne }) => remindOne(live))],
  ["remindOne", "Success", ({ live }) => through(({ remindOne }) => remindOne(live, { cooldown: 0 }))],
  ["remindOne", "Expired", ({ dead }) => through(({ remindOne }) => remindOne(dead))]
]

describe("a call has a span and counts in the metrics, also if nothing was sent", () => {
  it.effect.each(rows)("%s: %s", ([method, outcome, call]) =>
    Effect.gen(function* () {
      const operation = `Invitations.${method}`
      const seats = { live: yield* seatOf(address), dead: yield* seatOf(expired) }
      yield* (yield* Invitations).resend(seats.live)
      yield* advance("10 seconds")
      const before = yield* counts
      const { spans, tracer } = recordingTracer()
      yield* Effect.exit(call(seats)).pipe(Effect.provideService(Tracer.Tracer, tracer))
      const own = spans.filter(({ name }) => name === operation)
      assert.lengthOf(own, 1)
      const [span] = own
      assert.strictEqual(span?.attributes.get("polar.outcome"), outcome)
      assert.include([seats.live.id, seats.dead.id], span?.attributes.get("seat.id"))
      const after = yield* counts
      for (const metric of ["polar_seats_operations_total", "polar_seats_operations_duration"]) {
        const key = `${metric} ${operation} ${outcome}`
        assert.strictEqual((after.get(key) ?? 0) - (before.get(key) ?? 0), 1, key)
      }
    }).pipe(
      Effect.provide(processOver(new Map()).pipe(Layer.provideMerge(polar(teamOf(epoch, { live: 1, expired: 1 })))))
    )
  )

  it.effect("an interrupted call is in doubt", () =>
    Effect.gen(function* () {
      const seat = yield* seatOf(address)
      const { resend } = yield* Invitations
      const before = yield* counts
      const fiber = yield* Effect.forkChild(resend(seat))
      yield* advance("500 millis")
      yield* Fiber.interrupt(fiber)
      const after = yield* counts
      const key = "polar_seats_operations_total Invitations.resend OutcomeUnknown"
      assert.strictEqual((after.get(key) ?? 0) - (before.get(key) ?? 0), 1)
    }).pipe(
      Effect.provide(
        processOver(new Map(), away("1 second")).pipe(Layer.provideMerge(polar(teamOf(epoch, { live: 1 }))))
      )
    )
  )
})
