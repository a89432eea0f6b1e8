import { assert } from "@effect/vitest"
import { mayHaveHappened } from "@polar-seats/domain/SeatError"
import * as CustomerSessions from "@polar-seats/http/CustomerSessions"
import * as PolarRefusal from "@polar-seats/http/PolarRefusal"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import { Clock, Effect, Exit, Fiber, Layer, Random, Redacted, Result } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { type Answer, hostileAnswer } from "./fuzzedAnswer.ts"
import { operations } from "./allOperations.ts"

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

/** Runs every operation against this many random answers. */
export const hostileCases = (count: number, seed: string) =>
  Effect.gen(function* () {
    for (let turn = 0; turn < count; turn++) {
      for (const [name, operation] of Object.entries(operations(Redacted.make("invitation")))) {
        let isCertain = true
        const answers = HttpClient.make((request) =>
          Effect.map(hostileAnswer, (answer) => {
            const { body, headers, status } = answer
            isCertain &&= isPolars(answer)
            const bodiless = status === 204 || status === 304
            return HttpClientResponse.fromWeb(request, new Response(bodiless ? null : body, { status, headers }))
          })
        )
        const start = yield* Clock.currentTimeMillis
        const fiber = yield* operation.pipe(
          Effect.provide(layers),
          Effect.provideService(HttpClient.HttpClient, answers),
          Effect.exit,
          Effect.flatMap((exit) => Effect.map(Clock.currentTimeMillis, (end) => ({ exit, took: end - start }))),
          Effect.forkChild
        )
        yield* TestClock.adjust("61 seconds")
        const { exit, took } = yield* Fiber.join(fiber)
        assert.isAtMost(took, 60_000, `${name} is over in time`)
        if (Exit.isSuccess(exit)) continue
        const [reason, ...others] = exit.cause.reasons
        assert.strictEqual(others.length, 0)
        if (reason?._tag !== "Fail") return assert.fail(`${name} ended in ${String(exit.cause)}`)
        if (changing.has(name)) {
          assert.isTrue(
            mayHaveHappened(reason.error) || isCertain,
            `${name} may have happened, and failed with ${String(reason.error)}`
          )
        }
        assert.isTrue(
          declared.has((reason.error as { _tag: string })._tag),
          `${name} failed with ${String(reason.error)}`
        )
      }
    }
  }).pipe(Random.withSeed(seed))
