import * as SeatError from "@polar-seats/domain/SeatError"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Result from "effect/Result"

const { OutcomeUnknown, UnexpectedResponse } = SeatError.UnavailableReason.cases

/** Why there is no answer that can be used. */
export type Reason = SeatError.UnavailableReason

/** The time that a request has, in milliseconds: until when it must have left, and how long its answer may take then. */
export interface Patience {
  readonly deadline: number
  readonly within: number
}

/** How much of an answer is read. */
export interface Limits {
  /** How large the names and values of its headers may be together, in bytes. */
  readonly headers: number
  /** How large its body may be, in bytes, or undefined where the status has said enough. */
  readonly body: (status: number) => number | undefined
}

/** An answer, as far as anything is made of it. */
export interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  /** Nothing, where the status has said enough. */
  readonly text: string
}

/** Sends a request once, and reads the answer. It fails with why there is none that can be used. */
export type Exchange = (
  request: HttpClientRequest.HttpClientRequest,
  patience: Patience,
  limits: Limits
) => Effect.Effect<Answer, Reason>

/**
 * What our transports can do beside what is asked of an `HttpClient`: an exchange in one step, without a response in
 * between and without a fiber that keeps the time. It is told what is provided to each request.
 */
export const exchanges = new WeakMap<HttpClient.HttpClient, (provided: Context.Context<never>) => Exchange>()

/** The longest time that a timer knows, in milliseconds: a longer one would be none at all, and is as good as endless. */
export const longestTimer = 2 ** 31 - 1

/** Why an answer cannot be used that did come. */
export const unexpected = (status: number, description: string): Reason =>
  UnexpectedResponse.make({ status, description })

export const noAnswer = (within: number): Reason =>
  OutcomeUnknown.make({ description: `no answer came within ${Duration.format(Duration.millis(within))}` })

/** How large headers are together, in bytes. */
export const sizeOf = (headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }): number => {
  let size = 0
  for (const name in headers) {
    const value = headers[name] ?? ""
    size += name.length + (typeof value === "string" ? value.length : value.join("").length)
  }
  return size
}

/** What is wrong with headers of such a size, if anything. */
export const whyTooLarge = (status: number, size: number, limits: Limits): Reason | undefined =>
  size > limits.headers ? unexpected(status, `the headers are larger than ${limits.headers} bytes`) : undefined

export const bodyTooLarge = (status: number, limit: number): Reason =>
  unexpected(status, `the body is larger than ${limit} bytes`)

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** A body as text, or what is wrong with it. */
export const decodeBody = (status: number, bytes: Uint8Array) =>
  Result.try({
    try: () => utf8.decode(bytes),
    catch: () => unexpected(status, "the body is not UTF-8")
  })
