import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/** The requests that a fault applies to. Default: all. */
interface Target {
  /** Default: every method, but no CORS preflight. A rule for `OPTIONS` applies to preflights too. */
  readonly method?: string
  /** A prefix of the path with its query. */
  readonly path?: string
  /** How many requests it applies to. Default: no limit. */
  readonly times?: number
}

/** A failure that a test asks for. */
export type Fault = Target &
  (
    | {
        /**
         * Answers with this status instead. A string `body` is sent as it is, any other body as JSON. Below 500, the answer
         * carries the CORS headers of Polar's answers. A failure carries only the headers of the rule, as in life. A browser
         * runs no script of the answer: it is sandboxed, whatever the rule says. `headers` cannot hold one that concerns
         * the connection or the length of the body, such as `content-length` or `transfer-encoding`.
         */
        readonly status: number
        readonly headers?: Readonly<Record<string, string>>
        readonly body?: Schema.Json
      }
    /** Waits, then proceeds, even if the client has given up. */
    | { readonly delay: Duration.Input }
    /** Cuts the connection, before or after the work is done. */
    | { readonly drop: "before" | "after" }
  )

/** The faults of an emulator, with the remaining count of each. */
export const make = () => {
  let rules: ReadonlyArray<{ readonly fault: Fault; left: number }> = []
  return {
    replace: (faults: ReadonlyArray<Fault>) => {
      rules = faults.map((fault) => ({ fault, left: fault.times ?? Number.POSITIVE_INFINITY }))
    },
    /** Returns the first fault that matches a request and is not used up, and counts it down. */
    next: (method: string, url: string, isPreflight: boolean) => {
      const rule = rules.find(
        ({ fault, left }) =>
          left > 0 &&
          (fault.method === undefined ? !isPreflight : fault.method.toUpperCase() === method) &&
          (fault.path === undefined || url.startsWith(fault.path))
      )
      if (rule === undefined) return undefined
      rule.left -= 1
      return rule.fault
    }
  }
}

// A policy of the rule is kept too: a browser applies all that are listed
const withSandbox = (headers: Headers.Headers) => {
  const policy = headers["content-security-policy"]
  return Headers.setAll(headers, {
    "content-security-policy": policy === undefined ? "sandbox" : `${policy}, sandbox`,
    "x-content-type-options": "nosniff"
  })
}

/** The answer of a fault with a status. The headers of the rule win, except that it stays sandboxed. */
export const answerOf = (
  { body, headers = {}, status }: Extract<Fault, { readonly status: number }>,
  added: Readonly<Record<string, string>>
) => {
  const options = { status, headers: withSandbox(Headers.fromInput({ ...added, ...headers })) }
  if (body === undefined || body === "") return HttpServerResponse.empty(options)
  return Predicate.isString(body)
    ? HttpServerResponse.text(body, options)
    : HttpServerResponse.jsonUnsafe(body, options)
}

// The longest time that a timer can count, in milliseconds: 24.8 days
const maxDelay = 2 ** 31 - 1
const bodiless: ReadonlySet<number> = new Set([204, 205, 304])
// RFC 9110 lists them in sections 7.6.1 and 8.6. The server sets them, and a wrong one leaves a client without an end of the answer
const ofConnection: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
])
const headerName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: unknown
}
interface Problem {
  readonly path: ReadonlyArray<string>
  readonly issue: string
}
const problemIf = (isWrong: boolean, path: Problem["path"], issue: string): ReadonlyArray<Problem> =>
  isWrong ? [{ path, issue }] : []

/** The reasons why an answer cannot be sent, each with its place in the fault. */
const answerProblems = ({ body, headers = {}, status }: Answer): ReadonlyArray<Problem> => {
  const isStatus = Number.isInteger(status) && status >= 200 && status <= 599
  const hasNoRoom = bodiless.has(status) && body !== undefined && body !== ""
  return [
    ...problemIf(!isStatus, ["status"], "must be a whole number from 200 to 599"),
    ...problemIf(hasNoRoom, ["body"], `cannot be sent with the status ${status}`),
    ...Object.entries(headers).flatMap(([name, value]) => {
      const part = headerName.test(name) ? "value" : "name"
      const isValid = part === "value" && headerValue.test(String(value))
      const path = ["headers", name]
      return [
        ...problemIf(!isValid, path, `must be a valid header ${part}`),
        ...problemIf(ofConnection.has(name.toLowerCase()), path, "concerns the connection, and only the server sets it")
      ]
    })
  ]
}

/** The problems of a fault, each with its place in it. */
export const faultProblems = (fault: Fault): ReadonlyArray<Problem> => {
  const { times = 0 } = fault
  const delay = "delay" in fault ? Option.getOrUndefined(Duration.fromInput(fault.delay)) : Duration.zero
  const isTimer = delay !== undefined && !Duration.isNegative(delay) && Duration.toMillis(delay) <= maxDelay
  return [
    ...problemIf(!Number.isInteger(times) || times < 0, ["times"], "must be a whole number, 0 or more"),
    ...problemIf(!isTimer, ["delay"], "must be a duration from zero to 24 days"),
    ...("status" in fault ? answerProblems(fault) : [])
  ]
}

const kinds = ["status", "delay_ms", "drop"] as const

const RuleJson = Schema.Struct({
  method: Schema.optionalKey(Schema.String),
  path: Schema.optionalKey(Schema.String),
  times: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  status: Schema.optionalKey(Schema.Int),
  headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite]))),
  body: Schema.optionalKey(Schema.Json),
  delay_ms: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: maxDelay }))),
  drop: Schema.optionalKey(Schema.Literals(["before", "after"]))
}).check(
  Schema.makeFilter((rule) => kinds.filter((kind) => rule[kind] !== undefined).length === 1, {
    message: `a rule must have exactly one of ${kinds.join(", ")}`
  }),
  Schema.makeFilter((rule) => rule.status !== undefined || (rule.headers === undefined && rule.body === undefined), {
    message: "headers and body need a status"
  }),
  Schema.makeFilter(({ body, headers = {}, status }) =>
    status === undefined ? [] : answerProblems({ body, headers, status })
  )
)

/** A list of faults, in the JSON of the control API. */
export const RulesJson = Schema.Struct({ rules: Schema.Array(RuleJson) })

/** Reads one fault from its JSON. */
export const fromJson = ({ body, delay_ms, drop, headers, status, ...target }: typeof RuleJson.Type): Fault =>
  delay_ms !== undefined
    ? { ...target, delay: Duration.millis(delay_ms) }
    : drop !== undefined
      ? { ...target, drop }
      : {
          ...target,
          status: status ?? 500,
          headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)])),
          ...(body === undefined ? {} : { body })
        }
