/** An ordinary app that uses Effect, Schema and HttpClient, before it adds seats. */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"

const TodoId = Schema.String.check(Schema.isUUID()).pipe(Schema.brand("TodoId"))
type TodoId = typeof TodoId.Type

class Todo extends Schema.Class<Todo>("Todo")({
  id: TodoId,
  title: Schema.String,
  status: Schema.Union([Schema.Literals(["open", "done"]), Schema.String]),
  dueAt: Schema.NullOr(Schema.DateTimeUtcFromString),
  labels: Schema.Array(Schema.String),
  metadata: Schema.Record(Schema.String, Schema.Json)
}) {
  isDue(now: DateTime.Utc): boolean {
    return this.dueAt !== null && DateTime.isLessThan(this.dueAt, now)
  }
}
const TodoJson = Todo.pipe(Schema.encodeKeys({ dueAt: "due_at" }))

class TodoNotFound extends Schema.TaggedError<TodoNotFound>()("TodoNotFound", { id: TodoId }) {}
class TodosFailed extends Schema.TaggedError<TodosFailed>()("TodosFailed", { reason: Schema.String }) {}

class Todos extends Context.Service<
  Todos,
  { readonly find: (id: TodoId) => Effect.Effect<Todo, TodoNotFound | TodosFailed> }
>()("app/Todos") {
  static readonly layer = Layer.effect(
    Todos,
    Effect.gen(function* () {
      const token = yield* Config.Redacted("TODO_TOKEN")
      const client = (yield* HttpClient.HttpClient).pipe(
        HttpClient.mapRequest((request) =>
          request.pipe(
            HttpClientRequest.prependUrl("https://api.example.com"),
            HttpClientRequest.bearerToken(token),
            HttpClientRequest.acceptJson
          )
        ),
        HttpClient.retryTransient({ schedule: Schedule.jittered(Schedule.exponential("200 millis")), times: 3 })
      )
      const find = Effect.fn("Todos.find")(function* (id: TodoId) {
        const response = yield* client.get(`/todos/${id}`)
        if (response.status === 404) return yield* new TodoNotFound({ id })
        return yield* HttpClientResponse.schemaBodyJson(TodoJson)(response)
      })
      return Todos.of({
        find: (id) =>
          find(id).pipe(
            Effect.timeout(Duration.seconds(30)),
            Effect.catchTags({
              HttpClientError: ({ message }) => Effect.fail(new TodosFailed({ reason: message })),
              SchemaError: ({ message }) => Effect.fail(new TodosFailed({ reason: message })),
              TimeoutError: ({ message }) => Effect.fail(new TodosFailed({ reason: message }))
            })
          )
      })
    })
  )
}

const program = Effect.gen(function* () {
  const todos = yield* Todos
  const ids = Option.toArray(TodoId.makeOption("9f3d1c52-6a0e-4c0b-9d2e-0b5b6f0a7c11"))
  const now = yield* DateTime.now
  const found = yield* Effect.forEach(ids, (id) => todos.find(id), { concurrency: 4 })
  yield* Effect.log(found.filter((todo) => todo.isDue(now)).map(({ title }) => title))
})

void Effect.runPromise(Effect.provide(program, Todos.layer.pipe(Layer.provide(FetchHttpClient.layer))))
