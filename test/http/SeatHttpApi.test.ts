import { NodeHttpServer } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Seat, SeatId, SeatsList } from "@polar-seats/domain/Seat"
import { Forbidden, NotFound, RateLimited, SeatError, Unauthorized } from "@polar-seats/domain/SeatError"
import { ListError, ResendError } from "@polar-seats/domain/Seats"
import { CreateError } from "@polar-seats/http/CustomerSessions"
import { ClaimError } from "@polar-seats/http/SeatClaims"
import * as SeatHttpApi from "@polar-seats/http/SeatHttpApi"
import { MailedRecently } from "@polar-seats/invitations/InvitationError"
import { ResendInvitationError } from "@polar-seats/invitations/Invitations"
import { DateTime, Duration, Effect, Layer, Schema } from "effect"
import { FetchHttpClient, HttpRouter, HttpServer } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiClient, HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { readFileSync } from "node:fs"
import { Rpc, RpcClient, RpcGroup, RpcSerialization, RpcServer } from "effect/rpc"

const seatId = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
const notFound = new NotFound({ resource: "seat", id: seatId })
const badToken = new Unauthorized({ reason: "InvalidToken", wants: "CustomerSession", host: "api.polar.sh" })
const noRight = new Forbidden({ reason: "Role", surface: "CustomerPortal" })

class SeatsClosed extends Schema.TaggedError<SeatsClosed>("app/SeatsClosed")(
  "SeatsClosed",
  { until: Schema.String },
  { httpApiStatus: 423 }
) {
  override get message() {
    return `No seats until ${this.until}.`
  }
}
class Unforeseen extends Schema.TaggedError<Unforeseen>()("Unforeseen", { message: Schema.String }) {}

/** Serves an API of one endpoint that fails with this error, and asks it as a browser and as a generated client. */
const failWith = <E>(declared: ReadonlyArray<Schema.Codec<E, unknown>>, error: E) => {
  const endpoint = HttpApiEndpoint.get("only", "/", { error: declared })
  const Api = HttpApi.make("api").add(HttpApiGroup.make("group").add(endpoint))
  const handlers = HttpApiBuilder.group(Api, "group", (handlers) =>
    handlers.handleAll({ only: () => Effect.fail(error) })
  )
  const served = HttpRouter.serve(HttpApiBuilder.layer(Api).pipe(Layer.provide(handlers)), {
    disableListenLog: true,
    disableLogger: true
  })
  return Effect.gen(function* () {
    const { group } = yield* HttpApiClient.make(Api)
    const failure = yield* Effect.flip(group.only())
    const address = yield* HttpServer.addressFormattedWith(Effect.succeed)
    const response = yield* Effect.promise(() => fetch(address.replace("0.0.0.0", "127.0.0.1")))
    const body = yield* Effect.promise(() => response.json())
    return { failure, status: response.status, retryAfter: response.headers.get("retry-after"), body }
  }).pipe(Effect.provide(Layer.provideMerge(served, NodeHttpServer.layerTest)))
}

it.live.each([
  ["the app's token", {}, badToken, 500],
  ["the app's token", {}, noRight, 500],
  ["its caller's token", SeatHttpApi.callersToken, badToken, 401],
  ["its caller's token", SeatHttpApi.callersToken, noRight, 403],
  ["its caller's token", { ...SeatHttpApi.callersToken, NotFound: 410 }, notFound, 410]
] as const)("an API that uses %s answers with the status that it chose: %j", ([, statuses, error, status]) =>
  Effect.gen(function* () {
    const seen = yield* failWith(SeatHttpApi.errors(ListError, { statuses }), error)
    assert.strictEqual(seen.status, status)
    assert.deepInclude(seen.body, { _tag: error._tag, message: error.message })
    assert.deepEqual({ ...seen.failure }, { ...error })
  })
)

it.live.each([
  [Duration.millis(1), "1"],
  [Duration.minutes(2), "120"],
  [null, null]
] as const)("RateLimited with a wait of %s sets Retry-After to %s", ([retryAfter, header]) =>
  Effect.gen(function* () {
    const error = new RateLimited({ retryAfter })
    const seen = yield* failWith(SeatHttpApi.errors(ListError), error)
    assert.deepInclude(seen, { status: 429, retryAfter: header })
    assert.deepEqual({ ...seen.failure }, { ...error })
  })
)

it.live("an error that shares the status of RateLimited sets no header", () =>
  Effect.gen(function* () {
    const both = Schema.Union([...ListError.members, MailedRecently])
    const error = new MailedRecently({ seatId, again: DateTime.makeUnsafe("2026-11-22T07:00:00Z") })
    const seen = yield* failWith(SeatHttpApi.errors(both, { statuses: { MailedRecently: 429 } }), error)
    assert.deepInclude(seen, { status: 429, retryAfter: null })
    assert.deepEqual({ ...seen.failure }, { ...error })
  })
)

it.live("takes errors of the app too: each has its status, and is a 500 without one", () =>
  Effect.gen(function* () {
    const all = SeatHttpApi.errors(Schema.Union([...ListError.members, SeatsClosed, Unforeseen]))
    const closed = yield* failWith(all, new SeatsClosed({ until: "Monday" }))
    assert.deepInclude(closed, {
      status: 423,
      body: { _tag: "SeatsClosed", until: "Monday", message: "No seats until Monday." }
    })
    const unforeseen = yield* failWith(all, new Unforeseen({ message: "Oh." }))
    assert.deepInclude(unforeseen, { status: 500, body: { _tag: "Unforeseen", message: "Oh." } })
  })
)

it("an error that is declared as it is has its default status", () => {
  const endpoint = HttpApiEndpoint.get("only", "/", { error: ResendError.members })
  const { paths } = OpenApi.fromApi(HttpApi.make("api").add(HttpApiGroup.make("group").add(endpoint)))
  const { 204: _, ...responses } = paths["/"]?.get?.responses ?? {}
  assert.deepEqual(
    Object.entries(responses).map(([status, { description }]) => `${status} ${description}`),
    [
      "404 NotFound",
      "409 AlreadyClaimed | InvitationUnavailable",
      "422 InvalidRequest",
      "429 RateLimited",
      "500 Unauthorized | Forbidden",
      "502 Unavailable"
    ]
  )
})

it("has one answer for each error of the unions", () => {
  const members = [...SeatError.members, ...ClaimError.members, ...CreateError.members]
  const endpoint = HttpApiEndpoint.get("only", "/", { error: SeatHttpApi.errors({ members }) })
  const Api = HttpApi.make("api").add(HttpApiGroup.make("group").add(endpoint))
  assert.sameMembers(Object.keys(OpenApi.fromApi(Api).components.schemas), [
    ...new Set(members.map(({ fields }) => fields._tag.schema.literal))
  ])
})

it("the README has the default status of each error", () => {
  const readme = readFileSync(new URL("../../packages/http/README.md", import.meta.url), "utf8")
  const rows = [...readme.matchAll(/^\| (`[^|]*`) \| (\d{3})\b/gm)].map(
    ([, tags = "", status]) => [tags, status] as const
  )
  const documented = Object.fromEntries(
    rows.flatMap(([tags, status]) =>
      [...tags.matchAll(/`(\w+)`/g)].map(([, tag = ""]) => [tag, Number(status)] as const)
    )
  )
  const members = [...SeatError.members, ...ClaimError.members, ...ResendInvitationError.members]
  const actual = Object.fromEntries(
    members.map((schema) => [schema.identifier, Schema.resolveAnnotations(schema)?.httpApiStatus ?? 500])
  )
  // The last row of the table stands for those that have no row
  assert.deepEqual({ UnreadableEntry: 500, InvalidOption: 500, ...documented }, actual)
})

it("an OpenAPI document keeps the formats of ids and times, and has one schema for each error", () => {
  const Api = HttpApi.make("api").add(
    HttpApiGroup.make("group").add(
      HttpApiEndpoint.get("one", "/:id", {
        params: { id: SeatId },
        success: Seat,
        error: SeatHttpApi.errors(Schema.Union([...ListError.members, MailedRecently]))
      }),
      HttpApiEndpoint.get("all", "/", { success: SeatsList, error: SeatHttpApi.errors(ListError) })
    )
  )
  const { components, paths } = OpenApi.fromApi(Api)
  const uuid = { type: "string", format: "uuid" }
  const time = { type: "string", format: "date-time" }
  assert.deepInclude(components.schemas["SeatEncoded"]?.["properties"], {
    id: uuid,
    createdAt: time,
    claimedAt: { anyOf: [time, { type: "null" }] },
    subscriptionId: { anyOf: [uuid, { type: "null" }] }
  })
  assert.deepInclude(components.schemas["MailedRecently"]?.["properties"], { seatId: uuid, again: time })
  assert.deepEqual(paths["/{id}"]?.get?.parameters[0]?.schema, uuid)
  assert.sameMembers(Object.keys(components.schemas), [
    "SeatEncoded",
    "SeatsListEncoded",
    "MemberEncoded",
    "MailedRecently",
    ...ListError.members.map(({ identifier }) => identifier)
  ])
  assert.property(paths["/"]?.get?.responses[429], "headers")
})

it.live("an Rpc declares the errors and the seats as they are", () =>
  Effect.gen(function* () {
    const group = RpcGroup.make(
      Rpc.make("resend", { payload: { id: SeatId }, success: Seat, error: ResendError }),
      Rpc.make("list", { success: SeatsList, error: ListError })
    )
    const limited = new RateLimited({ retryAfter: Duration.seconds(77) })
    const handlers = group.toLayer({ resend: () => Effect.fail(limited), list: () => Effect.fail(badToken) })
    const served = HttpRouter.serve(
      RpcServer.layerHttp({ group, path: "/rpc", protocol: "http" }).pipe(Layer.provide(handlers)),
      { disableListenLog: true, disableLogger: true }
    )
    const client = HttpServer.addressFormattedWith((address) =>
      Effect.succeed(RpcClient.layerProtocolHttp({ url: `${address.replace("0.0.0.0", "127.0.0.1")}/rpc` }))
    ).pipe(Layer.unwrap, Layer.provide(FetchHttpClient.layer))
    const layer = Layer.mergeAll(served, client).pipe(
      Layer.provideMerge(NodeHttpServer.layerTest),
      Layer.provide(RpcSerialization.layerNdjson)
    )
    yield* Effect.gen(function* () {
      const { list, resend } = yield* RpcClient.make(group)
      const failure = yield* Effect.flip(resend({ id: seatId }))
      assert.instanceOf(failure, RateLimited)
      assert.deepEqual({ ...failure }, { ...limited })
      assert.deepEqual({ ...(yield* Effect.flip(list())) }, { ...badToken })
    }).pipe(Effect.scoped, Effect.provide(layer))
  })
)
