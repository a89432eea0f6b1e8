import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Str from "effect/String"
import { MemberId } from "@polar-seats/domain/Seat"
import { SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Timestamp from "@polar-seats/domain/Timestamp"
import type { InvalidOption } from "@polar-seats/http/PolarConnection"
import { privateHeaders } from "../../BrowserGuard.ts"
import type { Mail } from "../../Outbox.ts"
import * as World from "../../World.ts"
import * as Bounds from "../bounds.ts"
import * as Faults from "../faults.ts"
import type { Ledger } from "../ledger.ts"
import { cancel, deleteMember } from "../model/changes.ts"
import * as Settings from "../settings.ts"
import { EmulatorState, type RecordedRequest } from "../state.ts"
import * as PythonJson from "../validation/pythonJson.ts"
import * as WebhookDelivery from "../webhookDelivery.ts"
import { ledgerAnswer } from "./ledgerAnswer.ts"
import { parseWorld } from "./worldText.ts"

// Polar has no path with this prefix
const prefix = "/_emulator"

/** Whether a URL belongs to the control API. */
export const owns = (url: string): boolean => /^\/_emulator(?:[/?]|$)/.test(url)

const json = (body: unknown, status = 200) => HttpServerResponse.jsonUnsafe(body, { status })
const done = json({ ok: true })
const clear = <A>(ledger: Ledger<A>) => {
  ledger.clear()
  return done
}
const refuse = (issues: ReadonlyArray<{ readonly path: ReadonlyArray<unknown>; readonly message: string }>) =>
  json({ error: "Invalid", issues }, 422)

/** The headers of every answer. Opened as a document, it may do nothing. */
export const headers = { ...privateHeaders, "content-security-policy": "sandbox; default-src 'none'" }

/** The answer for a path that the control API does not have. */
export const notFound = json({ error: "NotFound" }, 404)

const refuseAt =
  (...path: ReadonlyArray<string>) =>
  ({ description }: InvalidOption) =>
    refuse([{ path, message: description }])

const notJson = ({ error, position }: PythonJson.JsonError) =>
  refuse([{ path: [], message: `the body is not JSON: ${error} (character ${position})` }])

type State = EmulatorState["Service"]
type Path = `/${string}`

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()
const reading = <A>(schema: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error" })
  return (json: unknown) =>
    Result.mapError(decode(json), ({ issue }) => ({
      issues: formatIssue(issue).issues.map(({ message, path = [] }) => ({ message, path }))
    }))
}

const notTypedJson = json(
  {
    error: "UnsupportedMediaType",
    detail:
      "Nothing was done, because the body is not declared as JSON. Send the header content-type: application/json " +
      "(with curl: --json instead of --data)."
  },
  415
)

// A page of another origin may send a body of another type, or of none, without asking. For JSON, its browser asks first
const isTypedJson = ({ headers }: HttpServerRequest.HttpServerRequest): boolean => {
  const { "content-length": length, "content-type": type, "transfer-encoding": coding } = headers
  const isEmpty = coding === undefined && (length === undefined || length === "0")
  return type === undefined ? isEmpty : /^application\/json\s*(;|$)/i.test(type)
}

// A POST with a JSON body
const post = <A>(
  path: Path,
  read: (json: unknown) => Result.Result<A, { readonly issues: Parameters<typeof refuse>[0] }>,
  act: (body: A, state: State) => Effect.Effect<HttpServerResponse.HttpServerResponse>,
  // By the rules of Polar's part, so a body that nests too deep or is infinite is refused here too
  parse: typeof parseWorld = (text) => PythonJson.parse(text),
  most = Bounds.controlBody
) => {
  const answer = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const state = yield* EmulatorState
    if (!isTypedJson(request)) return notTypedJson
    const text = yield* Effect.result(state.bodies.readText(request, most))
    if (Result.isFailure(text)) return text.failure
    const json = parse(text.success)
    if (Result.isFailure(json)) return notJson(json.failure)
    const body = read(json.success)
    return Result.isFailure(body) ? refuse(body.failure.issues) : yield* act(body.success, state)
  })
  return HttpRouter.route("POST", path, answer)
}

// A list that the emulator keeps: GET reads it, DELETE empties it
const list = <A>(path: Path, ledgerOf: (state: State) => Effect.Effect<Ledger<A>>, toJson: (row: A) => unknown) => {
  const ledger = Effect.flatMap(EmulatorState, ledgerOf)
  const shown = Effect.map(ledger, (ledger) => ledgerAnswer(ledger, toJson))
  return [HttpRouter.route("GET", path, shown), HttpRouter.route("DELETE", path, Effect.map(ledger, clear))]
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

// Renames only tables and columns. The keys of a seat's metadata are the caller's own
const camelKeys = (value: unknown): unknown =>
  Predicate.isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [Str.snakeToCamel(key), entry]))
    : value

const camelWorld = (json: unknown): unknown =>
  Predicate.isObject(json)
    ? Object.fromEntries(
        Object.entries(json).map(([table, rows]) => [table, Array.isArray(rows) ? rows.map(camelKeys) : rows])
      )
    : json

/** Reads a world from the snake_case JSON of the control API. The paths of its issues are in snake_case too. */
export const readWorld = (json: unknown): Result.Result<World.World, World.InvalidWorld> =>
  Result.mapError(
    World.load(camelWorld(json)),
    ({ issues }) =>
      new World.InvalidWorld({
        issues: issues.map(({ message, path }) => ({
          message,
          path: path.map((segment) => (Predicate.isString(segment) ? Str.camelToSnake(segment) : segment))
        }))
      })
  )

/** Reads a world from its text. It keeps numbers that JavaScript cannot hold. */
export const readWorldText = (text: string): Result.Result<World.World, World.InvalidWorld> =>
  Result.flatMap(
    Result.mapError(
      parseWorld(text),
      ({ error, position }) =>
        new World.InvalidWorld({ issues: [{ path: [], message: `is not JSON: ${error} (character ${position})` }] })
    ),
    readWorld
  )

const ClockJson = Schema.Union([
  Schema.Struct({ advance_seconds: Schema.Finite }),
  Schema.Struct({ now: Timestamp.Timestamp })
])

const showSettings = ({ settings }: State) => Effect.map(settings, (settings) => json(Settings.toJson(settings)))

const showHealth = ({ dropped }: State) => Effect.map(dropped, (dropped) => json({ status: "ok", dropped }))

const doneOr = <E>(work: Effect.Effect<void, E>, refused: (error: E) => HttpServerResponse.HttpServerResponse) =>
  Effect.match(work, { onSuccess: () => done, onFailure: refused })

/** The control API: plain JSON, for tests in any language. */
export const layer = HttpRouter.addAll(
  [
    HttpRouter.route("GET", "/health", Effect.flatMap(EmulatorState, showHealth)),
    post("/seed", readWorld, (world, { seed }) => Effect.as(seed(world), done), parseWorld, Bounds.seedBody),
    ...list("/outbox", ({ outbox }) => outbox, mailJson),
    ...list("/requests", ({ requests }) => Effect.succeed(requests), requestJson),
    ...list("/webhooks", ({ announced }) => announced, WebhookDelivery.toJson),
    post("/clock", reading(ClockJson), (body, { advance, setTime }) =>
      "now" in body
        ? doneOr(setTime(body.now), refuseAt("now"))
        : doneOr(advance(Duration.seconds(body.advance_seconds)), refuseAt("advance_seconds"))
    ),
    HttpRouter.route("GET", "/settings", Effect.flatMap(EmulatorState, showSettings)),
    post("/settings", reading(Settings.PatchJson), (patch, state) =>
      Effect.andThen(state.configure(patch), showSettings(state)).pipe(
        Effect.catch((error) => Effect.succeed(refuseAt(...error.option.split("."))(error)))
      )
    ),
    post("/faults", reading(Faults.RulesJson), ({ rules }, { faults }) => {
      faults.replace(rules.map(Faults.fromJson))
      return Effect.succeed(done)
    }),
    post("/cancel", reading(Schema.Struct({ subscription_id: SubscriptionId })), ({ subscription_id }, { step }) =>
      doneOr(
        step((model, now) => cancel(model, subscription_id, now)),
        () => notFound
      )
    ),
    post("/delete-member", reading(Schema.Struct({ member_id: MemberId })), ({ member_id }, { step }) =>
      Effect.map(
        step((model, now) => Result.succeed(deleteMember(model, member_id, now))),
        (isDeleted) => (isDeleted ? done : notFound)
      )
    )
  ],
  { prefix }
)
