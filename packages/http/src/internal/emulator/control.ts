import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Timestamp from "@polar-seats/domain/Timestamp"
import * as Seed from "./seed.ts"
import { EmulatorState } from "./state.ts"

/** Everything under this path is the emulator's own; Polar has nothing there. */
export const prefix = "/_emulator"

const json = (body: unknown, status = 200) => HttpServerResponse.jsonUnsafe(body, { status })
const refuse = (issues: ReadonlyArray<{ readonly path: ReadonlyArray<unknown>; readonly message: string }>) =>
  json({ error: "Invalid", issues }, 422)

const bodyJson = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => Effect.result(request.json))
const notJson = refuse([{ path: [], message: "the body is not JSON" }])

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()
const withBody = <A, R>(schema: Schema.Codec<A, unknown>, act: (body: A) => Effect.Effect<void, never, R>) =>
  Effect.gen(function* () {
    const body = yield* bodyJson
    if (Result.isFailure(body)) return notJson
    const decoded = Schema.decodeUnknownResult(schema, { errors: "all" })(body.success)
    if (Result.isFailure(decoded)) {
      return refuse(formatIssue(decoded.failure.issue).issues.map(({ message, path = [] }) => ({ message, path })))
    }
    yield* act(decoded.success)
    return json({ ok: true })
  })

const Clock = Schema.Union([
  Schema.Struct({ advance_seconds: Schema.Finite }),
  Schema.Struct({ now: Timestamp.Timestamp })
])

/** The control API: plain JSON, for tests in any language. */
export const layer = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const state = yield* EmulatorState
    const control = router.prefixed(prefix)

    yield* control.add("GET", "/health", json({ status: "ok" }))

    yield* control.add(
      "POST",
      "/seed",
      Effect.gen(function* () {
        const body = yield* bodyJson
        if (Result.isFailure(body)) return notJson
        const world = Seed.load(body.success)
        if (Result.isFailure(world)) return refuse(world.failure.issues)
        yield* state.seed(world.success)
        return json({ ok: true })
      })
    )

    yield* control.add(
      "GET",
      "/outbox",
      Effect.map(state.outbox, (mails) =>
        json(
          mails.map(({ claimUrl, seatId, sentAt, subject, to, token }) => ({
            to,
            subject,
            seat_id: seatId,
            token: Redacted.value(token),
            claim_url: Redacted.value(claimUrl),
            sent_at: Timestamp.format(sentAt)
          }))
        )
      )
    )
    yield* control.add(
      "DELETE",
      "/outbox",
      Effect.map(state.outbox, (mails) => {
        mails.length = 0
        return json({ ok: true })
      })
    )

    yield* control.add(
      "GET",
      "/requests",
      Effect.sync(() =>
        json(state.requests.map(({ at, method, path, status }) => ({ method, path, status, at: Timestamp.format(at) })))
      )
    )
    yield* control.add(
      "DELETE",
      "/requests",
      Effect.sync(() => {
        state.requests.length = 0
        return json({ ok: true })
      })
    )

    yield* control.add(
      "POST",
      "/clock",
      withBody(Clock, (body) =>
        "now" in body ? state.setTime(body.now) : state.advance(Duration.seconds(body.advance_seconds))
      )
    )
  })
).pipe(Layer.orDie)
