import * as Context from "effect/Context"
import type * as HttpClient from "effect/http/HttpClient"

/** How long an answer may take from now on, in milliseconds: a transport that keeps it ends the request by itself. */
export const AnswerWithin = Context.Reference<number | undefined>("@polar-seats/http/AnswerWithin", {
  defaultValue: () => undefined
})

/** What such a transport fails with. */
export const noAnswerInTime = new Error("no answer came in time")

/** The clients that keep it. Of any other an answer is waited for from outside, which costs a fiber. */
export const keepers = new WeakSet<HttpClient.HttpClient>()
