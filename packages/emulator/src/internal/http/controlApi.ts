import { MemberId } from "@polar-seats/domain/Seat"
import { SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Timestamp from "@polar-seats/domain/Timestamp"
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
import type { InvalidOption } from "@polar-seats/http/PolarConnection"
import * as Faults from "../faults.ts"
import * as PythonJson from "./pythonJson.ts"
import * as Seed from "../worldJson.ts"
import * as Settings from "../settings.ts"
import { EmulatorState } from "../state.ts"
import * as Webhooks from "../webhookDelivery.ts"

// Polar has nothing there
const prefix = "/_emulator"

/** Whether a URL is the emulator's own. */
export const owns = (url: string): boolean => /^\/_emulator(?:[/?]|$)/.test(url)

const json = (body: unknown, status = 200) => HttpServerResponse.jsonUnsafe(body, { status })
const done = json({ ok: true })
const emptied = <A>(list: Array<A>) => {
  list.length = 0
  return done
}
const refuse = (issues: ReadonlyArray<{ readonly path: ReadonlyArray<unknown>; readonly message: string }>) =>
  json({ error: "Invalid", issues }, 422)

/** The answer where the emulator has nothing by that name. */
export const notFound = json({ error: "NotFound" }, 404)

const refuseAs =
  (path: ReadonlyArray<string>) =>
  ({ problem }: InvalidOption) =>
    refuse([{ path, message: problem }])

// With the rules of Polar's part: what nests too deep or is infinite is no JSON here either
const bodyJson = Effect.map(
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => Effect.orDie(request.text)),
  PythonJson.parse
)
const notJson = ({ error, position }: PythonJson.JsonError) =>
  refuse([{ path: [], message: `the body is not JSON: ${error} (character ${position})` }])

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()
const withBody = <A, R>(
  schema: Schema.Codec<A, unknown>,
  act: (body: A) => Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>
) => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error" })
  return Effect.gen(function* () {
    const body = yield* bodyJson
    if (Result.isFailure(body)) return notJson(body.failure)
    const decoded = decode(body.success)
    return Result.isFailure(decoded)
      ? refuse(formatIssue(decoded.failure.issue).issues.map(({ message, path = [] }) => ({ message, path })))
      : yield* act(decoded.success)
  })
}

const Clock = Schema.Union([
  Schema.Struct({ advance_seconds: Schema.Finite }),
  Schema.Struct({ now: Timestamp.Timestamp })
])
const encodeSettings = Schema.encodeSync(Settings.SettingsJson)

/** The control API: plain JSON, for tests in any language. */
export const layer = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const state = yield* EmulatorState
    const control = router.prefixed(prefix)
    const settings = Effect.map(state.settings, (settings) => json(encodeSettings(settings)))

    yield* control.add("GET", "/health", json({ status: "ok" }))

    yield* control.add(
      "POST",
      "/seed",
      Effect.gen(function* () {
        const body = yield* bodyJson
        if (Result.isFailure(body)) return notJson(body.failure)
        const world = Seed.load(body.success)
        if (Result.isFailure(world)) return refuse(world.failure.issues)
        yield* state.seed(world.success)
        return done
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
    yield* control.add("DELETE", "/outbox", Effect.map(state.outbox, emptied))

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
      Effect.sync(() => emptied(state.requests))
    )

    yield* control.add(
      "GET",
      "/webhooks",
      Effect.map(state.announced, (events) => json(events.map(Webhooks.toJson)))
    )
    yield* control.add("DELETE", "/webhooks", Effect.map(state.announced, emptied))

    yield* control.add(
      "POST",
      "/clock",
      withBody(Clock, (body) =>
        "now" in body
          ? Effect.match(state.setTime(body.now), { onSuccess: () => done, onFailure: refuseAs(["now"]) })
          : Effect.match(state.advance(Duration.seconds(body.advance_seconds)), {
              onSuccess: () => done,
              onFailure: refuseAs(["advance_seconds"])
            })
      )
    )

    yield* control.add("GET", "/settings", settings)
    yield* control.add(
      "POST",
      "/settings",
      withBody(Settings.PatchJson, (patch) =>
        Effect.andThen(state.configure(patch), settings).pipe(
          Effect.catch((error) => Effect.succeed(refuseAs(error.option.split("."))(error)))
        )
      )
    )

    yield* control.add(
      "POST",
      "/faults",
      withBody(Faults.RulesJson, ({ rules }) =>
        Effect.sync(() => {
          state.faults.replace(rules.map(Faults.fromJson))
          return done
        })
      )
    )

    yield* control.add(
      "POST",
      "/cancel",
      withBody(Schema.Struct({ subscription_id: SubscriptionId }), ({ subscription_id }) =>
        Effect.match(
          state.step((model, now) => model.cancel(subscription_id, now)),
          { onSuccess: () => done, onFailure: () => notFound }
        )
      )
    )
    yield* control.add(
      "POST",
      "/delete-member",
      withBody(Schema.Struct({ member_id: MemberId }), ({ member_id }) =>
        Effect.map(
          state.step((model, now) => Result.succeed(model.deleteMember(member_id, now))),
          (isDeleted) => (isDeleted ? done : notFound)
        )
      )
    )
  })
).pipe(Layer.orDie)
