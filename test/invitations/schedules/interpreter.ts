import { Recipient } from "@polar-seats/domain/Assignment"
import { type Seat, SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Emulator from "@polar-seats/emulator/Emulator"
import { Outbox } from "@polar-seats/emulator/Outbox"
import type { WorldInput } from "@polar-seats/emulator/World"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Invitations } from "@polar-seats/invitations/Invitations"
import {
  Cause,
  Clock,
  Context,
  DateTime,
  Duration,
  Effect,
  Exit,
  Fiber,
  Latch,
  Layer,
  Option,
  Predicate,
  Redacted,
  Scope,
  Stream
} from "effect"
import { HttpClient, HttpClientError, HttpClientRequest, HttpServerResponse } from "effect/http"
import { TestClock } from "effect/testing"
import type { History, Row, Run } from "./history.ts"
import * as Promises from "./promises.ts"
import { random, type Fault, type Program, type Schedule, type Step } from "./schedule.ts"
import { journalOf, type Store } from "./sharedStore.ts"

const epoch = DateTime.toEpochMillis(DateTime.makeUnsafe("2026-11-23T12:00:00Z"))
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const customer = "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
const subscriptionId = SubscriptionId.make("e5149aae-e521-42b9-b24c-abb3d71eea2e")
const source = SeatSource.Subscription({ id: subscriptionId })
const token = "polar_cst_acme"

const names = ["ann", "bob", "cid", "dan", "eve"]
const addressOf = (person: number) => `${names[person]}@acme.com`
const rowId = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`

const worldOf = ({ kinds, spare }: Schedule): WorldInput => {
  const at = (hours: number) => new Date(epoch + hours * 3_600_000).toISOString()
  return {
    organizations: [{ slug: "acme" }],
    products: [{ id: product, organization: "acme", name: "Acme Pro" }],
    customers: [{ id: customer, organization: "acme", email: "billing@acme.com" }],
    subscriptions: [{ id: subscriptionId, product, customer, seats: kinds.length + spare }],
    seats: kinds.map((kind, index) => ({
      id: rowId(index),
      subscriptionId,
      createdAt: at(-48),
      customerId: customer,
      email: addressOf(index),
      ...(kind === "claimed"
        ? { status: "claimed", claimedAt: at(-24) }
        : {
            status: "pending",
            invitationToken: `token-${index}`,
            invitationTokenExpiresAt: at(kind === "live" ? 12 : -12)
          })
    })),
    tokens: [{ token, customer }]
  }
}

/** Which run of which process a request is for. */
const CurrentRun = Context.Reference<Run | null>("test/schedules/CurrentRun", { defaultValue: () => null })

interface Process {
  readonly index: number
  state: "runs" | "is paused" | "is dead"
  readonly latch: Latch.Latch
  readonly faults: Array<Fault>
  readonly reads: Array<{ readonly at: number; readonly rows: ReadonlyMap<string, Row> }>
  clockMillis: number
}

const connectionReset = Object.assign(new Error("socket hang up"), { code: "ECONNRESET" })
const connectionRefused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" })

// Made without a promise, which the test clock would not wait for
const answerOf = (
  request: HttpClientRequest.HttpClientRequest,
  status: number,
  headers: Record<string, string>,
  body: string
) => HttpServerResponse.toClientResponse(HttpServerResponse.text(body, { status, headers }), { request })

const rowOf = (seat: Seat): Row => ({
  id: seat.id,
  status: seat.status,
  address: seat.status === "revoked" ? null : seat.holderEmail,
  expiresAt: seat.invitationTokenExpiresAt === null ? null : DateTime.formatIso(seat.invitationTokenExpiresAt)
})

/** The parts of an outcome, a result or an error that the interpreter reads. */
interface Summary {
  readonly _tag: string
  readonly address?: string | null
  readonly error?: { readonly _tag: string } | undefined
  readonly seat?: Seat
  readonly seatId?: string
  readonly reason?: { readonly _tag: string }
}

const summary = ({
  _tag: tag,
  address = null,
  error,
  seat,
  seatId,
  reason
}: Summary): Omit<Run["told"][number], "at"> => ({
  tag,
  address: address ?? seat?.holderEmail ?? null,
  seatId: seatId ?? seat?.id ?? null,
  reason: reason?._tag ?? error?._tag
})

/**
 * The read of a process that a revocation may rest on. The runs of a process share their reads, so it is one of the last
 * seconds that showed the holder, if there is one.
 */
const restsOn = (reads: Process["reads"], leftAt: number, id: string, row: Row) => {
  const recent = reads.filter(({ at }) => leftAt - at <= Promises.bound + Promises.travel)
  const read = recent.findLast(({ rows }) => rows.get(id)?.address === row.address) ?? reads.at(-1)
  return read === undefined ? undefined : { at: read.at, row: read.rows.get(id) }
}

const make = Effect.fnUntraced(function* (schedule: Schedule) {
  yield* TestClock.setTime(epoch)
  const scope = yield* Scope.make()
  const polar = yield* HttpClient.HttpClient
  const outbox = yield* Outbox
  const history: History = { runs: [], events: [], revocations: [], clockSettings: [], violations: [] }
  const store: Store = { entries: new Map(), history }
  const travel = random(schedule.latency)
  const testClock = yield* TestClock.testClockWith(Effect.succeed)
  const trueTime = Effect.sync(() => testClock.currentTimeMillisUnsafe())

  const adminContext = yield* Layer.buildWithScope(
    PortalSeats.layer({ token: Redacted.make(token), times: 0 }).pipe(
      Layer.provide(Layer.succeed(HttpClient.HttpClient, polar))
    ),
    scope
  )
  const admin = Context.get(adminContext, Seats)
  const rows = Effect.map(
    admin.list(source),
    ({ seats }) => new Map(seats.map((seat) => [seat.id as string, rowOf(seat)]))
  )
  const outcomeAtPolar = (
    request: HttpClientRequest.HttpClientRequest,
    by: Run | null,
    process: Process | null,
    leftAt?: number,
    holder?: string | null
  ) =>
    Effect.gen(function* () {
      const before = yield* Effect.orDie(rows)
      const mailsBefore = (yield* outbox.mails).length
      const at = yield* trueTime
      const response = yield* polar.execute(request)
      if (request.method === "GET") {
        if (process !== null) process.reads.push({ at, rows: before })
        // A run mails by its first list of the seats
        if (by?.program.run === "remind") by.snapshot ??= before
        return response
      }
      const after = yield* Effect.orDie(rows)
      for (const [id, row] of after) {
        const was = before.get(id)
        if (row.status === "revoked" && was !== undefined && was.status !== "revoked") {
          const read = restsOn(process?.reads ?? [], leftAt ?? at, id, was)
          history.events.push({ what: "revoked", at, leftAt: leftAt ?? at, by, row: was, read })
        }
        if (row.status !== "revoked" && row.address !== null && (was === undefined || was.status === "revoked")) {
          history.events.push({ what: "assigned", at, leftAt: leftAt ?? at, by, address: row.address, row })
        }
      }
      for (const mail of (yield* outbox.mails).slice(mailsBefore)) {
        const wallAt = at + (process?.clockMillis ?? 0)
        const isMisdirected = holder !== undefined && holder !== mail.to
        const mailed = {
          what: "mailed" as const,
          at,
          leftAt: leftAt ?? at,
          wallAt,
          by,
          address: mail.to,
          row: mail.seatId,
          isMisdirected
        }
        Promises.mailLeaves(history, store, mailed)
        history.events.push(mailed)
      }
      return response
    })

  const processes: ReadonlyArray<Process> = Array.from({ length: 4 }, (_, index) => ({
    index,
    state: "runs",
    latch: Latch.makeUnsafe(false),
    faults: [],
    reads: [],
    clockMillis: 0
  }))
  /** Passes while the process runs. A paused one waits, and a dead one never goes on. */
  const through = (process: Process): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (process.state === "runs") return Effect.void
      return process.state === "is dead" ? Effect.never : Effect.andThen(process.latch.await, through(process))
    })

  const fails = (request: HttpClientRequest.HttpClientRequest, cause: Error) =>
    Effect.fail(new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) }))
  const answered = (
    request: HttpClientRequest.HttpClientRequest,
    status: number,
    headers: Record<string, string> = {}
  ) => answerOf(request, status, headers, "")

  const clientOf = (process: Process) =>
    HttpClient.make((request) =>
      Effect.gen(function* () {
        yield* through(process)
        const by = yield* CurrentRun
        const fault = process.faults.shift()
        const seconds = 0.02 + travel.next() * 0.2
        const leftAt = yield* trueTime
        const [, resent] = /([^/]+)\/resend$/.exec(request.url) ?? []
        const looked = by?.snapshot ?? process.reads.at(-1)?.rows ?? (yield* Effect.orDie(rows))
        const holder = resent === undefined ? undefined : looked.get(resent)?.address
        if (request.method === "DELETE") {
          const revocation = { row: request.url.split("/").at(-1) ?? "", leftAt, endedAt: leftAt + 60_000 }
          history.revocations.push(revocation)
          yield* Effect.addFinalizer(() =>
            Effect.map(trueTime, (now) => {
              if (process.state === "runs") revocation.endedAt = now
            })
          )
        }
        // A request that has left arrives, whatever becomes of the process
        const server = Effect.gen(function* () {
          yield* Effect.sleep(Duration.seconds(fault?.kind === "late" ? 40 : seconds / 2))
          const response = yield* outcomeAtPolar(request, by, process, leftAt, holder)
          const body = yield* response.text
          return { status: response.status, headers: response.headers, body }
        })
        const deliver = <A, E>(answer: Effect.Effect<A, E>) =>
          Effect.sleep(Duration.seconds(seconds / 2)).pipe(Effect.andThen(through(process)), Effect.andThen(answer))
        switch (fault?.kind) {
          case "not sent":
            return yield* deliver(fails(request, connectionRefused))
          case "cut before":
            return yield* deliver(fails(request, connectionReset))
          case "failed before":
            return yield* deliver(Effect.succeed(answered(request, 502)))
          case "rate limited":
            return yield* deliver(
              Effect.succeed(
                answered(request, 429, fault.retryAfter === null ? {} : { "retry-after": fault.retryAfter })
              )
            )
        }
        const fiber = yield* Effect.forkIn(Effect.provideService(server, Clock.Clock, testClock), scope)
        if (fault?.kind === "late") return yield* deliver(fails(request, connectionReset))
        const { body, headers, status } = yield* Fiber.join(fiber)
        if (fault?.kind === "slow") yield* Effect.sleep(Duration.seconds(fault.seconds))
        if (fault?.kind === "cut after") return yield* deliver(fails(request, connectionReset))
        if (fault?.kind === "failed after") return yield* deliver(Effect.succeed(answered(request, 502)))
        // The answer to another seat, as from a connection that is out of step
        const told =
          fault?.kind === "swapped" && request.method !== "GET"
            ? body.replaceAll(/00000000-0000-4000-8000-0{11}(\d)/g, (_, digit) => rowId((Number(digit) + 1) % 10))
            : body
        return yield* deliver(Effect.succeed(answerOf(request, status, { ...headers }, told)))
      }).pipe(Effect.scoped)
    )

  const clocks = (process: Process): Clock.Clock => ({
    currentTimeMillisUnsafe: () => testClock.currentTimeMillisUnsafe() + process.clockMillis,
    currentTimeMillis: Effect.sync(() => testClock.currentTimeMillisUnsafe() + process.clockMillis),
    currentTimeNanosUnsafe: () => testClock.currentTimeNanosUnsafe() + BigInt(process.clockMillis) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => testClock.currentTimeNanosUnsafe() + BigInt(process.clockMillis) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => testClock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: Effect.sync(() => testClock.monotonicTimeNanosUnsafe()),
    sleep: (duration) => Effect.andThen(testClock.sleep(duration), through(process))
  })

  const build = (process: Process) =>
    Layer.buildWithScope(
      Layer.provideMerge(
        Invitations.layer,
        Layer.merge(
          Layer.fresh(PortalSeats.layer({ token: Redacted.make(token) })).pipe(
            Layer.provide(Layer.succeed(HttpClient.HttpClient, clientOf(process)))
          ),
          journalOf(store, through(process))
        )
      ),
      scope
    ).pipe(Effect.provideService(Clock.Clock, clocks(process)))
  const contexts = yield* Effect.forEach(processes, build)

  const snapshots: Array<ReadonlyArray<Seat>> = [(yield* admin.list(source)).seats]
  const seatOf = (person: number) =>
    Effect.map(admin.list(source), ({ seats }) => {
      snapshots.push(seats)
      // Sometimes an old look at the seats
      const looked = travel.chance(0.3) ? travel.pick(...snapshots) : seats
      return looked.find(({ holderEmail, status }) => holderEmail === addressOf(person) && status !== "revoked")
    })

  const programOf = (
    run: Run,
    program: Program,
    invitations: Invitations["Service"],
    tell: (told: Summary) => Effect.Effect<void>
  ): Effect.Effect<void, unknown> =>
    Effect.gen(function* () {
      switch (program.run) {
        case "remind":
          return yield* Stream.runForEach(
            invitations.remind(source, {
              onExpired: program.onExpired,
              cooldown: Duration.hours(program.cooldownHours),
              retryUnknown: program.retryUnknown,
              concurrency: program.concurrency
            }),
            tell
          )
        case "work": {
          const { seats } = yield* admin.list(source)
          run.snapshot = new Map(seats.map((seat) => [seat.id as string, rowOf(seat)]))
          return yield* Effect.forEach(
            seats,
            (seat) => Effect.flatMap(invitations.remindOne(seat, { onExpired: program.onExpired }), tell),
            { concurrency: 2, discard: true }
          )
        }
        case "reissue": {
          const seat = yield* seatOf(program.person)
          if (seat === undefined) return
          const { again } = program
          const reissued = yield* invitations.reissue(seat, { again })
          return yield* tell({ _tag: "Reissued", seat: reissued, address: seat.holderEmail })
        }
        case "resend": {
          const seat = yield* seatOf(program.person)
          if (seat === undefined) return
          run.snapshot = program.byId ? undefined : new Map([[seat.id as string, rowOf(seat)]])
          const { again } = program
          return yield* Effect.flatMap(
            invitations.resend(program.byId ? seat.id : seat, { onExpired: "reissue", again }),
            tell
          )
        }
        case "finish":
          return yield* Effect.forEach(
            yield* Stream.runCollect(invitations.unfinished),
            (reissue) =>
              Effect.catch(
                Effect.flatMap(invitations.finish(reissue, { again: program.again }), (seat) =>
                  tell({ _tag: "Reissued", seat, address: Redacted.value(reissue.address) })
                ),
                (error) => tell({ _tag: "Failed", error, address: Redacted.value(reissue.address) })
              ),
            { concurrency: 2, discard: true }
          )
      }
    })

  const start = Effect.fnUntraced(function* (index: number, program: Program) {
    const process = processes[index]
    const context = contexts[index]
    if (process === undefined || context === undefined || process.state !== "runs") return
    const run: Run = {
      index: history.runs.length,
      process: index,
      program,
      startedAt: yield* trueTime,
      told: [],
      ended: undefined,
      snapshot: undefined,
      wanted: "person" in program ? addressOf(program.person) : undefined
    }
    history.runs.push(run)
    const tell = (told: Summary) =>
      Effect.andThen(
        through(process),
        Effect.flatMap(Effect.all([trueTime, rows]), ([at, current]) =>
          Effect.sync(() => {
            const said = { at, ...summary(told) }
            run.told.push(said)
            Promises.outcomeIsTold(history, run, said, current)
          })
        ).pipe(Effect.orDie)
      )
    yield* programOf(run, program, Context.get(context, Invitations), tell).pipe(
      Effect.provideService(CurrentRun, run),
      Effect.provideService(Clock.Clock, clocks(process)),
      Effect.exit,
      Effect.flatMap((exit) =>
        Effect.map(Effect.andThen(through(process), trueTime), (at) => {
          const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined
          if (Exit.isFailure(exit) && Cause.hasDies(exit.cause)) {
            history.violations.push(`defect: run ${run.index} died of ${Cause.pretty(exit.cause)}`)
          }
          const address = "person" in program ? addressOf(program.person) : null
          if (Predicate.hasProperty(error, "_tag") && Predicate.isString(error._tag)) {
            run.told.push({ at, ...summary({ _tag: "Failed", error: { _tag: error._tag }, address }) })
          }
          run.ended = { at, error }
        })
      ),
      Effect.forkIn(scope)
    )
  })

  const asAdmin = (act: Effect.Effect<unknown, unknown>) => Effect.ignore(act)
  const adminClient = HttpClient.make((request) => outcomeAtPolar(request, null, null))
  const adminActs = Context.get(
    yield* Layer.buildWithScope(
      Layer.fresh(PortalSeats.layer({ token: Redacted.make(token), times: 0 })).pipe(
        Layer.provide(Layer.succeed(HttpClient.HttpClient, adminClient))
      ),
      scope
    ),
    Seats
  )
  const heldRow = (person: number) =>
    Effect.map(rows, (current) => [...current.values()].find(({ address }) => address === addressOf(person)))
  const remove = (person: number) =>
    Effect.flatMap(heldRow(person), (row) =>
      row === undefined ? Effect.void : Effect.asVoid(adminActs.revoke(SeatId.make(row.id)))
    )
  const give = (person: number) =>
    adminActs.assign({ source, recipient: Recipient.Email({ email: addressOf(person) }) })

  const take = (step: Step): Effect.Effect<void> => {
    switch (step.step) {
      case "start":
        return start(step.process, step.program)
      case "advance":
        return TestClock.adjust(Duration.seconds(step.seconds))
      case "kill":
      case "pause":
      case "continue":
        return Effect.sync(() => {
          const process = processes[step.process]
          if (process === undefined || process.state === "is dead") return
          process.state = step.step === "kill" ? "is dead" : step.step === "pause" ? "is paused" : "runs"
          if (process.state === "runs") process.latch.openUnsafe()
          else process.latch.closeUnsafe()
        })
      case "fault":
        return Effect.sync(() => void processes[step.process]?.faults.push(step.fault))
      case "clock":
        return Effect.map(trueTime, (at) => {
          const process = processes[step.process]
          if (process === undefined) return
          process.clockMillis += step.hours * 3_600_000
          history.clockSettings.push({ process: process.index, at })
        })
      case "assign":
        return asAdmin(give(step.person))
      case "remove":
        return asAdmin(remove(step.person))
      case "move":
        return asAdmin(Effect.andThen(remove(step.person), give(step.to)))
      case "claim":
        return asAdmin(
          Effect.gen(function* () {
            const row = yield* heldRow(step.person)
            const mail = (yield* outbox.mails).findLast(({ seatId }) => seatId === row?.id)
            const invitation_token = mail === undefined ? `token-${step.person}` : Redacted.value(mail.token)
            yield* HttpClientRequest.post("http://polar.test/v1/customer-seats/claim").pipe(
              HttpClientRequest.bodyJsonUnsafe({ invitation_token }),
              polar.execute
            )
          })
        )
    }
  }

  for (const step of schedule.steps) yield* take(step)
  // All that were paused go on, and everything comes to its end
  for (const { index } of processes) yield* take({ step: "continue", process: index })
  for (let minutes = 0; minutes < 240; minutes++) yield* TestClock.adjust("1 minute")
  const isDead = (run: Run) => processes[run.process]?.state === "is dead"
  Promises.everythingHasEnded(history, isDead, yield* trueTime)
  // Another process brings what was left to its end
  yield* TestClock.adjust("25 hours")
  yield* start(3, { run: "finish", again: false })
  yield* TestClock.adjust("2 hours")
  Promises.nothingIsLost(history, store, yield* rows, isDead)
  // The scope stays open: what a killed process was doing never ends
  return history
})

/** Runs a schedule, and says which promises it broke. */
export const run = (schedule: Schedule): Promise<ReadonlyArray<string>> =>
  make(schedule).pipe(
    Effect.map((history) => Promises.check(history)),
    Effect.provide(Emulator.layer(worldOf(schedule))),
    Effect.provide(TestClock.layer({ warningDelay: "10 minutes" })),
    Effect.runPromise
  )
