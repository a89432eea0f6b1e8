import { assert } from "@effect/vitest"
import { mayHaveHappened } from "@polar-seats/domain/SeatError"
import * as CustomerSessions from "@polar-seats/http/CustomerSessions"
import * as PolarRefusal from "@polar-seats/http/PolarRefusal"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import { Clock, Effect, Exit, Fiber, Layer, ManagedRuntime, Random, Redacted, Result } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { type Operation, operations } from "../../http/allOperations.ts"
import type { Fuzzer } from "./campaign.ts"
import { type Answer, hostileAnswer } from "./hostileAnswer.ts"

const declared = new Set([
  "AlreadyAssigned",
  "AlreadyClaimed",
  "Forbidden",
  "InvalidInvitation",
  "InvalidRequest",
  "InvitationUnavailable",
  "NoSeatAvailable",
  "NotFound",
  "RateLimited",
  "RecipientNotFound",
  "Unauthorized",
  "Unavailable"
])

const changing = new Set(["resend", "assign", "revoke", "claim"])

/** Whether Polar is known to refuse a request with this answer. */
const isPolars = ({ body, status }: Answer): boolean => {
  const text = typeof body === "string" ? body : Buffer.from(body).toString("latin1")
  if (status === 429) return text.trim() === ""
  const parsed: unknown = Result.getOrElse(
    Result.try(() => JSON.parse(text)),
    () => null
  )
  if (typeof parsed !== "object" || parsed === null) return false
  const error: unknown = Reflect.get(parsed, "error")
  if (typeof error === "string" && PolarRefusal.find(status, error) !== undefined) return true
  return [404, 405, 422].includes(status) && Object.keys(parsed).join() === "detail"
}

const token = Redacted.make("polar_cst_x")
const layers = Layer.mergeAll(PortalSeats.layer({ token }), SeatClaims.layer({}), CustomerSessions.layer({ token }))

/** Makes the layers once for many cases, with a client that gives random answers. */
const startClient = () => {
  let isCertain = true
  let given: Array<Answer> = []
  const answers = HttpClient.make((request) =>
    Effect.map(hostileAnswer, (answer) => {
      const { body, headers, status } = answer
      given.push(answer)
      isCertain &&= isPolars(answer)
      const bodiless = status === 204 || status === 304
      return HttpClientResponse.fromWeb(request, new Response(bodiless ? null : body, { status, headers }))
    })
  )
  const runtime = ManagedRuntime.make(
    Layer.merge(Layer.provide(layers, Layer.succeed(HttpClient.HttpClient, answers)), TestClock.layer())
  )
  const begin = (): ReadonlyArray<Answer> => {
    isCertain = true
    return (given = [])
  }
  return { runtime, begin, isCertain: () => isCertain }
}

const hostileCase = Effect.fnUntraced(function* (name: string, operation: Operation, isCertain: () => boolean) {
  const start = yield* Clock.currentTimeMillis
  const fiber = yield* operation.pipe(
    Effect.exit,
    Effect.flatMap((exit) => Effect.map(Clock.currentTimeMillis, (end) => ({ exit, took: end - start }))),
    Effect.forkChild
  )
  yield* TestClock.adjust("61 seconds")
  const { exit, took } = yield* Fiber.join(fiber)
  assert.isAtMost(took, 60_000, `${name} is over in time`)
  if (Exit.isSuccess(exit)) return `${name} succeeds`
  const [reason, ...others] = exit.cause.reasons
  assert.strictEqual(others.length, 0)
  if (reason?._tag !== "Fail") return assert.fail(`${name} ended in ${String(exit.cause)}`)
  const { error } = reason
  if (changing.has(name)) {
    assert.isTrue(mayHaveHappened(error) || isCertain(), `${name} may have happened, and failed with ${String(error)}`)
  }
  assert.isTrue(declared.has(error._tag), `${name} failed with ${String(error)}`)
  return error._tag
})

/** Gives an operation random answers. It has to end in time, in a value or a declared error that tells what may have happened. */
export const makeAnswerFuzzer = (): Fuzzer & { readonly stop: () => Promise<void> } => {
  const seen = new Map<string, number>()
  const calls: ReadonlyArray<readonly [name: string, operation: Operation]> = Object.entries(
    operations(Redacted.make("invitation"))
  )
  let client = startClient()
  return {
    seen,
    reset: async () => {
      await client.runtime.dispose()
      client = startClient()
    },
    attempt: async (random, note) => {
      const [name, operation] = random.pick(calls)
      note({ name, answers: client.begin() })
      const end = await client.runtime.runPromise(
        hostileCase(name, operation, client.isCertain).pipe(Random.withSeed(String(random.int(2 ** 32))))
      )
      seen.set(end, (seen.get(end) ?? 0) + 1)
    },
    stop: () => client.runtime.dispose()
  }
}
