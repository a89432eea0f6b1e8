import { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Seat } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Emulator from "@polar-seats/emulator/Emulator"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import * as Reissue from "@polar-seats/invitations/Reissue"
import type { ReminderOutcome } from "@polar-seats/invitations/Reminder"
import * as SharedRun from "@polar-seats/invitations/SharedRun"
import { DateTime, Effect, Layer, Redacted, Result, Stream } from "effect"
import { HttpClient } from "effect/http"
import { afterAll, describe } from "vitest"
import { startPostgres } from "../../scripts/postgres.ts"
import * as SeatsMemory from "@polar-seats/emulator/SeatsMemory"
import type { WorldInput } from "@polar-seats/emulator/World"
import { type Fault, withFaults } from "./faultInjection.ts"
import { randomFrom, randomMetadata, unsafeKeys, withDecimals } from "./randomMetadata.ts"
import { source as teamSource, teamOf, token as teamToken } from "./team.ts"

const postgres = await startPostgres()
afterAll(postgres.stop)

const seed = Number(process.env["SEED"] ?? 1)
const token = "polar_cst_acme"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const teamSize = 10
const uuid = (kind: number, index: number) => `00000000-0000-4${kind}00-8000-${index.toString(16).padStart(12, "0")}`

const row = (index: number, metadata: string) =>
  `{"id":"${uuid(1, index)}","subscription_id":"${uuid(2, Math.floor(index / teamSize))}","status":"pending",
    "customer_id":"${customer}","email":"p${index}@acme.com","invitation_token":"t${index}","seat_metadata":${metadata},
    "invitation_token_expires_at":"${DateTime.formatIso(DateTime.makeUnsafe(Date.now() - 3_600_000))}"}`

/** A world as text, because a value cannot hold these numbers. Each team has expired invitations with this metadata. */
const worldOf = (metadata: ReadonlyArray<string>): string => {
  const teams = Array.from({ length: Math.ceil(metadata.length / teamSize) }, (_, team) => ({
    id: uuid(2, team),
    product,
    customer,
    seats: teamSize
  }))
  const rest = JSON.stringify({
    organizations: [{ slug: "acme" }],
    products: [{ id: product, organization: "acme" }],
    customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
    subscriptions: teams,
    tokens: [{ token, customer }]
  })
  return `${rest.slice(0, -1)},"seats":[${metadata.map((text, index) => row(index, text)).join(",")}]}`
}
const sourcesOf = (metadata: ReadonlyArray<string>) =>
  Array.from({ length: Math.ceil(metadata.length / teamSize) }, (_, team) =>
    SeatSource.Subscription({ id: SubscriptionId.make(uuid(2, team)) })
  )

interface Row {
  readonly email: string
  readonly status: string
  readonly seat_metadata: unknown
}

/** The metadata of each seat in Polar that is not revoked, by address, with each number as the text that Polar sends. */
const metadataInPolar = Effect.fnUntraced(function* (sources: ReadonlyArray<SeatSource>) {
  const client = yield* HttpClient.HttpClient
  const found = new Map<string, unknown>()
  for (const { id } of sources) {
    const url = `https://polar.test/v1/customer-portal/seats?subscription_id=${id}`
    const response = yield* client.get(url, { headers: { authorization: `Bearer ${token}` } })
    const { seats } = withDecimals(yield* response.text) as { readonly seats: ReadonlyArray<Row> }
    for (const { email, seat_metadata, status } of seats) if (status !== "revoked") found.set(email, seat_metadata)
  }
  return found
})

const polar = Layer.provideMerge(
  PortalSeats.layer({ token: Redacted.make(token), baseUrl: "https://polar.test" }),
  Emulator.layer({})
)
const inPolar = Layer.provideMerge(Invitations.layer, Layer.merge(polar, Journal.layerMemory))

/** The error of each address, and nothing for a seat that was reissued. */
type Errors = ReadonlyMap<string, object>

/** Reissues seats with such metadata, and compares what Polar holds before and after. */
const givesBackOrRefuses = <E, R>(
  metadata: ReadonlyArray<string>,
  reissueAll: (sources: ReadonlyArray<SeatSource>) => Effect.Effect<Errors, E, R>
) =>
  Effect.gen(function* () {
    const { requests, seedJson } = yield* Emulator.Emulator
    yield* seedJson(worldOf(metadata))
    const sources = sourcesOf(metadata)
    const before = yield* metadataInPolar(sources)
    for (const [index, text] of metadata.entries()) {
      assert.deepEqual(before.get(`p${index}@acme.com`), withDecimals(text), `seeded with ${text}`)
    }
    const errors = yield* reissueAll(sources)
    const after = yield* metadataInPolar(sources)
    const revoked = new Set(
      (yield* requests).filter(({ method }) => method === "DELETE").map(({ path }) => path.split("/").at(-1))
    )
    for (const [index, text] of metadata.entries()) {
      const email = `p${index}@acme.com`
      const error = errors.get(email)
      const keys = unsafeKeys(text)
      if (keys.length === 0) assert.isUndefined(error, text)
      else assert.deepInclude(error, { _tag: "InexactMetadata", keys }, text)
      assert.strictEqual(revoked.has(uuid(1, index)), keys.length === 0, text)
      assert.deepEqual(after.get(email), withDecimals(text), text)
    }
    return { reissued: metadata.length - errors.size, refused: errors.size }
  })

const errorsOf = (outcomes: ReadonlyArray<ReminderOutcome>): Errors =>
  new Map(
    outcomes.flatMap((outcome) => (outcome._tag === "Failed" ? [[outcome.address ?? "", outcome.error] as const] : []))
  )

const random = randomFrom(seed)
const many = Array.from({ length: 1000 }, () => randomMetadata(random))

describe(`1,000 random metadata objects (SEED=${seed})`, { timeout: 60_000 }, () => {
  const reports = ({ refused, reissued }: { readonly refused: number; readonly reissued: number }) => {
    assert.isAbove(refused, 200)
    assert.isAbove(reissued, 200)
  }

  it.live("keep every number in a run, or the run revokes nothing and names the keys", () =>
    givesBackOrRefuses(many, (sources) =>
      Effect.gen(function* () {
        const { remind } = yield* Invitations
        return errorsOf(yield* Stream.runCollect(remind(sources, { onExpired: "reissue" })))
      })
    ).pipe(Effect.map(reports), Effect.provide(inPolar))
  )

  it.live("keep every number in a single reissue, or it revokes nothing and names the keys", () =>
    givesBackOrRefuses(many, (sources) =>
      Effect.gen(function* () {
        const { reissue } = yield* Invitations
        const { list } = yield* Seats
        const errors = new Map<string, object>()
        for (const source of sources) {
          for (const seat of (yield* list(source)).seats) {
            const result = yield* Effect.result(reissue(seat))
            if (Result.isFailure(result)) errors.set(seat.email ?? "", result.failure)
          }
        }
        return errors
      })
    ).pipe(Effect.map(reports), Effect.provide(inPolar))
  )

  it.live.skipIf(postgres.isMissing)(
    `keep every number in a shared run, or it revokes nothing and names the keys${postgres.why}`,
    () =>
      givesBackOrRefuses(many, (sources) =>
        Effect.gen(function* () {
          const run = yield* SharedRun.SharedRun
          yield* run.offer(sources)
          return errorsOf(yield* Stream.runCollect(run.work({ onExpired: "reissue" })))
        }).pipe(
          Effect.provide(
            SharedRun.layer({
              run: "metadata",
              table: "metadata",
              journal: { table: "metadata_journal" },
              pollInterval: "50 millis"
            })
          )
        )
      ).pipe(
        Effect.map(reports),
        Effect.provide(Layer.merge(polar, PgClient.layer({ url: Redacted.make(postgres.url), maxConnections: 3 })))
      )
  )
})

describe("metadata that a reissue would change", () => {
  const exactMetadata = '{"desk":7,"ref":12345678901234567890}'
  const team = teamOf(DateTime.makeUnsafe(0), { expired: 1 })
  const [ann] = team.seats ?? []
  const world = { ...team, seats: ann === undefined ? [] : [{ ...ann, exactMetadata }] }
  const bob = "bob@acme.com"
  const calls: Array<string> = []
  /** Counts what is sent to the Polar of these tests. */
  const counted: Fault = (operation, call) => {
    calls.push(operation)
    return call
  }
  const memory = (seats: WorldInput, fault: Fault) =>
    Invitations.layer.pipe(
      Layer.provideMerge(
        Layer.merge(withFaults(Layer.orDie(SeatsMemory.layer(seats, teamToken)), fault), Journal.layerMemory)
      )
    )
  const annsSeat = Effect.flatMap(
    Seats.use(({ list }) => list(teamSource)),
    ({ seats }) => Effect.fromNullishOr(seats[0])
  )
  const sent = Effect.sync(() => calls.splice(0).filter((operation) => operation !== "list"))

  it.effect("is refused with the keys and the next step, and so is a dry run", () =>
    Effect.gen(function* () {
      const { remind, unfinished } = yield* Invitations
      const seat = yield* annsSeat
      const error = yield* Effect.flip((yield* Invitations).reissue(seat))
      assert.deepInclude(error, { _tag: "InexactMetadata", seatId: seat.id, keys: ["ref"] })
      assert.strictEqual(
        error.message,
        `The metadata of seat ${seat.id} has numbers that JavaScript cannot hold, under ref. A reissue would change them, so nothing was revoked or mailed now: seat the holder yourself, and pass such a number as text.`
      )
      const [outcome] = yield* Stream.runCollect(remind(teamSource, { onExpired: "reissue", dryRun: true }))
      assert(outcome?._tag === "Failed")
      assert.strictEqual(outcome.error._tag, "InexactMetadata")
      assert.deepEqual(yield* Stream.runCollect(unfinished), [])
      assert.deepEqual(yield* sent, [])
    }).pipe(Effect.provide(memory(world, counted)))
  )

  it.effect("is not revoked by the end of a reissue that did not know of it", () =>
    Effect.gen(function* () {
      const { finish, unfinished } = yield* Invitations
      const { exactMetadata: _, ...known } = yield* Effect.fromNullishOr(Reissue.fromSeat(yield* annsSeat))
      const reissue = new Reissue.Reissue(known)
      const longAgo = DateTime.makeUnsafe(-3_600_000)
      const phase = Reissue.Phase.cases.Revoking.make({ from: longAgo, until: longAgo, endedAt: longAgo })
      const begun = new Reissue.ReissueIncomplete({ reissue, phase, error: null })
      const error = yield* Effect.flip(finish(begun))
      assert.deepInclude(error, { _tag: "InexactMetadata", keys: ["ref"] })
      assert.deepEqual(yield* Stream.runCollect(unfinished), [])
      assert.deepEqual(yield* sent, [])
    }).pipe(Effect.provide(memory(world, counted)))
  )

  it.effect("is not given back changed to a person whose seat was revoked by mistake", () => {
    let isGiven = false
    const given: Fault = (operation, call) => {
      if (operation !== "revoke" || isGiven) return counted(operation, call)
      isGiven = true
      return Effect.map(counted(operation, call), (answer) =>
        answer instanceof Seat ? new Seat({ ...answer, customerEmail: bob, member: null, exactMetadata }) : answer
      ) as typeof call
    }
    return Effect.gen(function* () {
      const { finish, reissue, unfinished } = yield* Invitations
      const seat = yield* annsSeat
      const error = yield* Effect.flip(reissue(seat))
      assert(error._tag === "RevokedSomebodyElse")
      assert.strictEqual(
        error.message,
        `Seat ${seat.id} had another holder by now: ${bob} has lost the seat instead of expired-0@acme.com, and has no mail of it. Seat them again yourself, and pass each number that JavaScript cannot hold as text: a finish would change those of the metadata.`
      )
      const [left] = yield* Stream.runCollect(unfinished)
      assert.strictEqual(left?.exactMetadata, exactMetadata, "the journal keeps the text")
      assert.deepEqual(yield* sent, ["revoke"])
      const ended = yield* Effect.flip(finish(left ?? error.reissue ?? assert.fail("nobody to seat")))
      assert(ended._tag === "ReissueIncomplete")
      assert.deepInclude(ended.error, { _tag: "InexactMetadata", keys: ["ref"] })
      assert.notInclude(ended.message, "finish the reissue")
      assert.deepEqual(yield* sent, [])
    }).pipe(Effect.provide(memory(team, given)))
  })
})
