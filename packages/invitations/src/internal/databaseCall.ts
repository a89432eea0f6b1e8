import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Semaphore from "effect/Semaphore"
import type * as SqlClient from "effect/sql/SqlClient"
import { ConnectionError, SqlError } from "effect/sql/SqlError"
import { type InGroup, makeGroups } from "./groups.ts"

/** A call survives an outage of the database that is shorter than this. */
export const maxOutageDefault = "1 minute"

// A statement that is on its way when its caller is interrupted may still arrive. The caller waits no longer than this for it
const graceOnInterrupt = "500 millis"
const firstPauseMillis = 50
// A statement over many items takes their locks for as long as it runs
const maxGroup = 100
// Fifty workers need 150
const maxConnections = 3
const maxPauseMillis = 1000

const tooManyConnections = "53300"
const startingUp = "57P03"
// The server shuts down, has crashed, or is a standby that is about to take over
const passing = new Set([tooManyConnections, startingUp, "57P01", "57P02", "25006"])

const isPassing = (error: SqlError): boolean => error.isRetryable || passing.has(codeOf(error) ?? "")

/** Whether the server is there, and takes no more connections for now. */
const isBusy = (error: SqlError): boolean => {
  const code = codeOf(error)
  return code === tooManyConnections || code === startingUp
}

const codeOf = ({ reason: { cause } }: SqlError): string | undefined =>
  Predicate.hasProperty(cause, "code") && Predicate.isString(cause.code) ? cause.code : undefined

// The server's text of these classes speaks of the server: connections, disks, shutdowns. Other texts may quote values
const speaksOfServer = /^(08|53|57|58)|^25006$/

/** Describes a failure of the database without a statement or a value. */
export const describeSqlError = (error: SqlError): string => {
  const { reason } = error
  const code = codeOf(error)
  const said =
    code !== undefined && speaksOfServer.test(code) && Predicate.isError(reason.cause)
      ? reason.cause.message
      : [reason._tag, code].filter(Predicate.isNotUndefined).join(" ")
  return `the database is unreachable or refused a statement: ${said}`
}

const unanswered = new SqlError({
  reason: new ConnectionError({ cause: new Error("no answer"), message: "the database does not answer" })
})

/** Repeats a statement while an outage passes. The statement must have the same effect if it is executed twice. */
const repeat = <A>(
  statement: Effect.Effect<A, SqlError>,
  isWorthIt: (error: SqlError) => boolean,
  maxOutage: Duration.Duration
): Effect.Effect<A, SqlError> =>
  Effect.suspend(() => {
    let last = unanswered
    const attempt = (pause: number): Effect.Effect<A, SqlError> =>
      Effect.catchIf(statement, isWorthIt, (error) => {
        last = error
        return Effect.andThen(Effect.sleep(pause), attempt(Math.min(pause * 2, maxPauseMillis)))
      })
    return Effect.timeoutOrElse(attempt(firstPauseMillis), {
      duration: maxOutage,
      orElse: () => Effect.fail(last)
    })
  })

/** Waits for a fiber. A caller that cannot be interrupted waits for a short while only, once it is to end. */
const awaitWithGrace = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<A, E> =>
  Effect.catchCause(Effect.interruptible(Fiber.join(fiber)), (cause) =>
    Cause.hasInterrupts(cause)
      ? Effect.flatMap(Effect.timeoutOption(Fiber.join(fiber), graceOnInterrupt), (late) =>
          Option.isSome(late) ? Effect.succeed(late.value) : Effect.failCause(cause)
        )
      : Effect.failCause(cause)
  )

/**
 * Runs an effect in a fiber of its own. A driver takes seconds to cancel a statement of a database that is gone, so an
 * interruption leaves it behind. Within an uninterruptible region there is a short grace: a caller that must write
 * something down does so soon, or not at all.
 */
const leaveBehind = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkDetach(Effect.interruptible(effect), { startImmediately: true })
      const exit = yield* Effect.exit(restore(awaitWithGrace(fiber)))
      if (Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause)) yield* Effect.forkDetach(Fiber.interrupt(fiber))
      return yield* exit
    })
  )

const turns = new WeakMap<SqlClient.SqlClient, Semaphore.Semaphore>()

/** Runs a statement when one of the connections that we take is free. A journal and a run over one client share them. */
const inTurn =
  (client: SqlClient.SqlClient) =>
  <A>(statement: Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> => {
    const turn = turns.get(client) ?? Semaphore.makeUnsafe(maxConnections)
    turns.set(client, turn)
    return turn.withPermit(statement)
  }

/** Runs a statement that may be executed twice. It survives outages of the database that are shorter than `maxOutage`. */
export const callDatabase = (client: SqlClient.SqlClient, maxOutage: Duration.Duration) => {
  const send = inTurn(client)
  return <A>(statement: Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> =>
    leaveBehind(repeat(send(statement), isPassing, maxOutage))
}

/**
 * The same for statements that carry out many items at once. Each item has its own time, and is repeated by itself. If the
 * database refuses the statement, the items are sent one by one, so that one of them does not spoil the others.
 */
export const callDatabaseInGroups = <A, B>(
  client: SqlClient.SqlClient,
  maxOutage: Duration.Duration,
  keyOf: (item: A) => string,
  statement: (items: ReadonlyArray<A>) => Effect.Effect<(item: A) => B, SqlError>
): Effect.Effect<InGroup<A, B, SqlError>> => {
  const send = inTurn(client)
  const carryOutOne = (item: A) => Effect.map(send(statement([item])), (resultOf) => resultOf(item))
  const oneByOne = (items: ReadonlyArray<A>) =>
    Effect.map(
      Effect.forEach(items, (item) => Effect.map(Effect.exit(carryOutOne(item)), (exit) => [item, exit] as const)),
      (exits) => {
        const exitOf = new Map(exits)
        return (item: A) => exitOf.get(item) ?? Effect.die(new Error("every item was sent"))
      }
    )
  const carryOut = (items: ReadonlyArray<A>): Effect.Effect<(item: A) => Effect.Effect<B, SqlError>, SqlError> =>
    Effect.map(send(statement(items)), (resultOf) => (item: A) => Effect.succeed(resultOf(item))).pipe(
      Effect.catchIf(
        (error) => items.length > 1 && !isPassing(error),
        () => oneByOne(items)
      )
    )
  return Effect.map(
    makeGroups(carryOut, { keyOf, maxSize: maxGroup, yieldsFirst: true }),
    (inGroup): InGroup<A, B, SqlError> =>
      (item) =>
        leaveBehind(repeat(inGroup(item), isPassing, maxOutage))
  )
}

/** Runs a statement once, and gives it up after a while. Use it at the end, when nothing depends on it. */
export const tryDatabase = (
  statement: Effect.Effect<unknown, SqlError>,
  patience: Duration.Input
): Effect.Effect<void> =>
  Effect.uninterruptible(
    Effect.gen(function* () {
      const fiber = yield* Effect.forkDetach(Effect.interruptible(statement), { startImmediately: true })
      const exit = yield* Effect.timeoutOption(Fiber.await(fiber), patience)
      if (Option.isNone(exit)) yield* Effect.forkDetach(Fiber.interrupt(fiber))
    })
  )

/** Waits until a busy server takes a connection. Another failure of the first statement is reported at once. */
export const waitWhileBusy = <A>(
  first: Effect.Effect<A, SqlError>,
  maxOutage: Duration.Duration
): Effect.Effect<A, SqlError> => repeat(first, isBusy, maxOutage)
