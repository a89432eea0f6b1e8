import { assert, describe, it } from "@effect/vitest"
import type { Seat } from "@polar-seats/domain/Seat"
import * as PolarTime from "@polar-seats/domain/PolarTime"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Outbox } from "@polar-seats/emulator/Outbox"
import type { WorldInput } from "@polar-seats/emulator/World"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import * as Invitations from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { DateTime, Effect, Layer, Redacted, Stream } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"

const start = DateTime.makeUnsafe("2026-11-29T12:00:00Z")
const subscription = SubscriptionId.make("e5149aae-e521-42b9-b24c-abb3d71eea2e")
const source = SeatSource.Subscription({ id: subscription })
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const token = "polar_cst_acme"

const at = (hours: number) => DateTime.formatIso(DateTime.add(start, { hours }))
// The number of hours until each link expires by the clock of this machine
const links = [-26, -0.5, 0.5, 26]
const world: WorldInput = {
  organizations: [{ slug: "acme", name: "Acme" }],
  products: [{ id: product, organization: "acme", name: "Acme Pro" }],
  customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
  subscriptions: [{ id: subscription, product, customer, seats: links.length }],
  seats: links.map((hours, index) => ({
    id: `9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5${index}`,
    subscriptionId: subscription,
    customerId: customer,
    status: "pending",
    email: `holder${index}@acme.com`,
    invitationToken: `link-${index}`,
    invitationTokenExpiresAt: at(hours),
    createdAt: at(-30)
  })),
  tokens: [{ token, customer }]
}

type Services = Seats | Invitations.Invitations | Emulator.Emulator | Outbox | HttpClient.HttpClient

const portal = Layer.orDie(PortalSeats.layer({ token: Redacted.make(token), times: 0 }))

/** Runs a test against an emulator whose clock is some hours ahead of the machine's, through `Seats` that knows nothing yet. */
const ahead = <A, E>(hours: number, test: (seats: ReadonlyArray<Seat>) => Effect.Effect<A, E, Services>) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(DateTime.toEpochMillis(start))
    return yield* Effect.gen(function* () {
      // The seats come from elsewhere, such as a database
      const { seats } = yield* Effect.flatMap(Seats, (seats) => seats.list(source)).pipe(
        Effect.provide(portal, { local: true })
      )
      yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.advance(`${hours} hours`))
      return yield* test(seats)
    }).pipe(
      Effect.provide(
        Invitations.Invitations.layer.pipe(
          Layer.provideMerge([portal, Journal.layerMemory]),
          Layer.provideMerge(Emulator.layer(world))
        )
      )
    )
  })

const mails = Effect.flatMap(Outbox, ({ mails }) => mails)
const invitations = Effect.andThen(Effect.void, Invitations.Invitations)
const requests = (method: string) =>
  Effect.map(
    Effect.flatMap(Emulator.Emulator, (emulator) => emulator.requests),
    (all) => all.filter((request) => request.method === method).length
  )

/** Claims the link of every mail. Returns the addresses whose last link worked. */
const claimAll = Effect.gen(function* () {
  const claims = yield* SeatClaims.SeatClaims
  const worked: Array<string> = []
  for (const { to, token } of (yield* mails).toReversed()) {
    const claimed = yield* Effect.result(claims.claim(token))
    if (claimed._tag === "Success") worked.push(to)
  }
  return worked
}).pipe(Effect.provide(SeatClaims.layer({})))

const everybody = links.map((_, index) => `holder${index}@acme.com`)
const differences = [
  ["a day ahead", 24],
  ["an hour ahead", 1],
  ["an hour behind", -1]
] as const

describe.each(differences)("with Polar %s", (_, hours) => {
  const live = everybody.filter((_, index) => (links[index] ?? 0) > hours)

  it.effect("remindOne learns the time before it decides about the first seat, and reads no more than once", () =>
    ahead(hours, (seats) =>
      Effect.gen(function* () {
        const { remindOne } = yield* invitations
        const before = yield* requests("GET")
        const outcomes = yield* Effect.forEach(seats, (seat) => remindOne(seat), { concurrency: 4 })
        assert.sameMembers(
          outcomes.filter(({ _tag }) => _tag === "Resent").map(({ address }) => address),
          live
        )
        // Nothing but the second answer confirms the first one
        assert.strictEqual((yield* requests("GET")) - before, 2)
        assert.sameMembers(yield* claimAll, live)
      })
    )
  )

  it.effect("remind reissues exactly the dead links, and every mailed link works", () =>
    ahead(hours, () =>
      Effect.gen(function* () {
        const { remind } = yield* invitations
        const outcomes = yield* Stream.runCollect(remind(source, { onExpired: "reissue" }))
        assert.sameMembers(
          outcomes.filter(({ _tag }) => _tag === "Resent").map(({ address }) => address),
          live
        )
        assert.sameMembers(yield* claimAll, everybody)
      })
    )
  )

  it.effect("resend believes no clock of the machine that a link is dead", () =>
    ahead(hours, (seats) =>
      Effect.gen(function* () {
        const { resend } = yield* invitations
        const sent = yield* Effect.forEach(seats, (seat) => resend(seat, { onExpired: "reissue" }))
        for (const { _tag, clock, invitation, seat } of sent) {
          assert.strictEqual(clock, "Polar")
          if (_tag === "Reissued") assert.notInclude(live, seat.holderEmail)
          assert.strictEqual(invitation._tag, "Live", seat.holderEmail ?? "")
        }
        assert.sameMembers(yield* claimAll, everybody)
      })
    )
  )

  it.effect("a reissue that was cut off knows its own revocation again", () =>
    ahead(hours, (seats) =>
      Effect.gen(function* () {
        const { finish, reissue } = yield* invitations
        const emulator = yield* Emulator.Emulator
        yield* emulator.faults([{ method: "DELETE", path: "/", times: 1, drop: "after" }])
        const error = yield* Effect.flip(reissue(seats[0] ?? assert.fail()))
        assert.strictEqual(error._tag, "ReissueIncomplete")
        const seat = yield* error._tag === "ReissueIncomplete" ? finish(error) : Effect.die(error)
        assert.strictEqual(seat.holderEmail, everybody[0])
        assert.deepEqual(yield* claimAll, [everybody[0]])
      })
    )
  )
})

describe("a proxy that dates one answer two days ahead", () => {
  const later = (date: string | undefined) => new Date(Date.parse(date ?? "") + 2 * 86_400_000).toUTCString()
  /** `Seats` whose next resend is answered with an odd `Date`. */
  const oddlyDated = Layer.unwrap(
    Effect.map(HttpClient.HttpClient, (client) => {
      let left = 1
      const isOdd = (method: string) => method === "POST" && left-- > 0
      const proxied = HttpClient.transform(client, (answer, request) =>
        Effect.map(answer, (response) =>
          isOdd(request.method)
            ? HttpClientResponse.fromWeb(
                request,
                new Response(Stream.toReadableStream(response.stream), {
                  status: response.status,
                  headers: { ...response.headers, date: later(response.headers["date"]) }
                })
              )
            : response
        )
      )
      return Layer.provide(Layer.fresh(portal), Layer.succeed(HttpClient.HttpClient, proxied))
    })
  )

  it.effect.each(["resend", "remindOne"] as const)("makes %s revoke no live link", (call) =>
    ahead(0, ([, , halfAnHour, aDay]) =>
      Effect.gen(function* () {
        const { remindOne, resend } = yield* invitations
        // A resend by an id has one answer, whose time counts until the next one
        const first = yield* resend(halfAnHour?.id ?? assert.fail())
        assert.strictEqual(first.invitation._tag, "Expired")
        const live = aDay ?? assert.fail()
        yield* call === "resend" ? resend(live, { onExpired: "reissue" }) : remindOne(live, { onExpired: "reissue" })
        assert.strictEqual(yield* requests("DELETE"), 0)
      }).pipe(
        Effect.provide(Invitations.Invitations.layer.pipe(Layer.provideMerge([oddlyDated, Journal.layerMemory])), {
          local: true
        })
      )
    )
  )
})

describe("a clock of Polar that is moved", () => {
  it.effect("between two runs is followed by the second run from its first mail on", () =>
    ahead(0, () =>
      Effect.gen(function* () {
        const { remind } = yield* invitations
        const run = Stream.runCollect(remind(source, { onExpired: "reissue", dryRun: true }))
        yield* run
        yield* Effect.flatMap(Emulator.Emulator, (emulator) => emulator.advance("25 hours"))
        yield* Stream.runCollect(remind(source, { onExpired: "reissue" }))
        assert.sameMembers(yield* claimAll, everybody)
      })
    )
  )
})

describe("a Polar whose time nobody tells", () => {
  const untold = <A, E>(test: (seats: ReadonlyArray<Seat>) => Effect.Effect<A, E, Services>) =>
    ahead(1, (seats) =>
      test(seats).pipe(
        Effect.provide(
          Invitations.Invitations.layer.pipe(
            Layer.provide(Journal.layerMemory),
            Layer.provideMerge(
              Layer.fresh(
                Layer.effect(
                  Seats,
                  Effect.map(Seats, (seats) => Seats.of({ ...seats, now: PolarTime.ofMachine }))
                )
              )
            )
          ),
          { local: true }
        )
      )
    )

  it.effect("is judged by the machine's clock, and every result says so", () =>
    untold((seats) =>
      Effect.gen(function* () {
        const { resend } = yield* invitations
        const expired = yield* Effect.flip(resend(seats[1] ?? assert.fail()))
        assert.deepInclude(expired, { _tag: "InvitationExpired", clock: "Machine" })
        assert.include(expired.message, "by the clock of this machine, because Polar's time is not known")
        const sent = yield* resend(seats[2] ?? assert.fail())
        assert.deepInclude(sent, { _tag: "Resent", clock: "Machine" })
      })
    )
  )

  it.effect("is asked for once, and not for every seat", () =>
    untold((seats) =>
      Effect.gen(function* () {
        const { remindOne } = yield* invitations
        const before = yield* requests("GET")
        for (const seat of seats) yield* remindOne(seat)
        assert.isAtMost((yield* requests("GET")) - before, 2)
      })
    )
  )
})
