import * as Emulator from "@polar-seats/emulator/Emulator"
import { DateTime, Effect } from "effect"
import { HttpBody, HttpClient, type HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { start, world } from "../laws/world.ts"

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Record<string, string | undefined>
}

/** Sends one request, and returns its answer unparsed. */
export const ask = Effect.fnUntraced(function* (
  method: HttpClientRequest.HttpClientRequest["method"],
  path: string,
  {
    body,
    contentType = "application/json",
    text,
    token
  }: {
    readonly token?: string | undefined
    readonly body?: unknown
    /** A body that is sent as it is, with `contentType`. */
    readonly text?: string | undefined
    readonly contentType?: string | undefined
  } = {}
) {
  const client = yield* HttpClient.HttpClient
  const request = client[method === "DELETE" ? "del" : method === "GET" ? "get" : "post"](`http://polar.test${path}`, {
    headers: token === undefined ? {} : { authorization: token.includes(" ") ? token : `Bearer ${token}` },
    ...(body === undefined ? {} : { body: HttpBody.jsonUnsafe(body) }),
    ...(text === undefined ? {} : { body: HttpBody.text(text, contentType) })
  })
  const response = yield* request
  return { status: response.status, body: yield* response.text, headers: response.headers } as Answer
})

/** Sends one request to the control API. */
export const control = (method: "GET" | "POST" | "DELETE", path: string, body?: unknown) =>
  Effect.map(ask(method, `/_emulator/${path}`, { body }), (answer) => ({
    status: answer.status,
    body: JSON.parse(answer.body) as unknown
  }))

const atStart = TestClock.setTime(DateTime.toEpochMillis(DateTime.makeUnsafe(start)))
/** Runs an effect on an emulator in memory, at the start of the laws and with their world. */
export const inWorld = <A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient | Emulator.Emulator>) =>
  Effect.andThen(atStart, Effect.provide(effect, Emulator.layer(world)))
