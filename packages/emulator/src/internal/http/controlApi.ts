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
import { MemberId } from "@polar-seats/domain/Seat"
import { SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Timestamp from "@polar-seats/domain/Timestamp"
import type { InvalidOption } from "@polar-seats/http/PolarConnection"
import type { Mail } from "../../Outbox.ts"
import * as Faults from "../faults.ts"
import { cancel, deleteMember } from "../model/changes.ts"
import * as Settings from "../settings.ts"
import { EmulatorState, type RecordedRequest } from "../state.ts"
import * as PythonJson from "../validation/pythonJson.ts"
import * as WebhookDelivery from "../webhookDelivery.ts"
import * as WorldJson from "../worldJson.ts"

// Polar has no path with this prefix
const prefix = "/_emulator"

/** Whether a URL belongs to the control API. */
export const owns = (url: string): boolean => /^\/_emulator(?:[/?]|$)/.test(url)

const json = (body: unknown, status = 200) => HttpServerResponse.jsonUnsafe(body, { status })
const done = json({ ok: true })
const clear = <A>(list: Array<A>) => {
  list.length = 0
  return done
}
const refuse = (issues: ReadonlyArray<{ readonly path: ReadonlyArray<unknown>; readonly message: string }>) =>
  json({ error: "Invalid", issues }, 422)

/** The answer for a path that the control API does not have. */
export const notFound = json({ error: "NotFound" }, 404)

const refuseAt =
  (...path: ReadonlyArray<string>) =>
  ({ problem }: InvalidOption) =>
    refuse([{ path, message: problem }])

// Reads JSON by the rules of Polar's part, so a body that nests too deep or is infinite is refused here too
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

const mailJson = ({ claimUrl, seatId, sentAt, subject, to, token }: Mail) => ({
  to,
  subject,
  seat_id: seatId,
  token: Redacted.value(token),
  claim_url: Redacted.value(claimUrl),
  sent_at: Timestamp.format(sentAt)
})

const requestJson = ({ at, ...request }: RecordedRequest) => ({ ...request, at: Timestamp.format(at) })

type State = EmulatorState["Service"]

// The lists that the emulator keeps: GET reads one, DELETE empties it
const addLists = Effect.fnUntraced(function* (router: HttpRouter.HttpRouter, state: State) {
  const addList = <A>(path: `/${string}`, list: Effect.Effect<Array<A>>, toJson: (row: A) => unknown) =>
    Effect.andThen(
      router.add(
        "GET",
        path,
        Effect.map(list, (rows) => json(rows.map(toJson)))
      ),
      router.add("DELETE", path, Effect.map(list, clear))
    )
  yield* addList("/outbox", state.outbox, mailJson)
  yield* addList("/requests", Effect.succeed(state.requests), requestJson)
  yield* addList("/webhooks", state.announced, WebhookDelivery.toJson)
})

const ClockJson = Schema.Union([
  Schema.Struct({ advance_seconds: Schema.Finite }),
  Schema.Struct({ now: Timestamp.Timestamp })
])
const encodeSettings = Schema.encodeSync(Settings.SettingsJson)

const addSwitches = Effect.fnUntraced(function* (router: HttpRouter.HttpRouter, state: State) {
  const settings = Effect.map(state.settings, (settings) => json(encodeSettings(settings)))
  const clock = withBody(ClockJson, (body) =>
    "now" in body
      ? Effect.match(state.setTime(body.now), { onSuccess: () => done, onFailure: refuseAt("now") })
      : Effect.match(state.advance(Duration.seconds(body.advance_seconds)), {
          onSuccess: () => done,
          onFailure: refuseAt("advance_seconds")
        })
  )
  const configure = withBody(Settings.PatchJson, (patch) =>
    Effect.andThen(state.configure(patch), settings).pipe(
      Effect.catch((error) => Effect.succeed(refuseAt(...error.option.split("."))(error)))
    )
  )
  const replaceFaults = withBody(Faults.RulesJson, ({ rules }) =>
    Effect.sync(() => {
      state.faults.replace(rules.map(Faults.fromJson))
      return done
    })
  )
  yield* router.add("POST", "/clock", clock)
  yield* router.add("GET", "/settings", settings)
  yield* router.add("POST", "/settings", configure)
  yield* router.add("POST", "/faults", replaceFaults)
})

const addChanges = Effect.fnUntraced(function* (router: HttpRouter.HttpRouter, state: State) {
  const seed = Effect.gen(function* () {
    const body = yield* bodyJson
    if (Result.isFailure(body)) return notJson(body.failure)
    const world = WorldJson.load(body.success)
    if (Result.isFailure(world)) return refuse(world.failure.issues)
    yield* state.seed(world.success)
    return done
  })
  const cancelSubscription = withBody(Schema.Struct({ subscription_id: SubscriptionId }), ({ subscription_id }) =>
    Effect.match(
      state.step((model, now) => cancel(model, subscription_id, now)),
      { onSuccess: () => done, onFailure: () => notFound }
    )
  )
  const removeMember = withBody(Schema.Struct({ member_id: MemberId }), ({ member_id }) =>
    Effect.map(
      state.step((model, now) => Result.succeed(deleteMember(model, member_id, now))),
      (isDeleted) => (isDeleted ? done : notFound)
    )
  )
  yield* router.add("POST", "/seed", seed)
  yield* router.add("POST", "/cancel", cancelSubscription)
  yield* router.add("POST", "/delete-member", removeMember)
})

/** The control API: plain JSON, for tests in any language. */
export const layer = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const state = yield* EmulatorState
    const control = router.prefixed(prefix)
    yield* control.add("GET", "/health", json({ status: "ok" }))
    yield* addLists(control, state)
    yield* addSwitches(control, state)
    yield* addChanges(control, state)
  })
).pipe(Layer.orDie)
