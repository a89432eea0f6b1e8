import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/** Which requests a fault befalls: all, where nothing is said. */
interface Target {
  readonly method?: string
  /** What the path, with its query, begins with. */
  readonly path?: string
  /** How often; for ever where it is left out. */
  readonly times?: number
}

/** Something that goes wrong on purpose. */
export type Fault = Target &
  (
    | {
        /** Answers with this instead. A `body` that is a string is sent as it is, any other as JSON. */
        readonly status: number
        readonly headers?: Readonly<Record<string, string>>
        readonly body?: Schema.Json
      }
    /** Waits, then proceeds, whether or not somebody still waits for the answer. */
    | { readonly delay: Duration.Input }
    /** Cuts the connection: before anything is done, or after everything was. */
    | { readonly drop: "before" | "after" }
  )

/** What a fault does to a request. */
type Consequence = Data.TaggedEnum<{
  Answer: { readonly response: HttpServerResponse.HttpServerResponse }
  Delay: { readonly by: Duration.Duration }
  Drop: { readonly when: "before" | "after" }
}>
const Consequence = Data.taggedEnum<Consequence>()

/** The faults that an emulator was told, and how often each is still to come. */
export interface Faults {
  readonly replace: (rules: ReadonlyArray<Fault>) => void
  /** What befalls a request: the first fault that matches and is not used up, which counts it. */
  readonly next: (method: string, url: string) => Consequence | undefined
}

const consequenceOf = (fault: Fault): Consequence => {
  if ("delay" in fault) return Consequence.Delay({ by: Duration.fromInputUnsafe(fault.delay) })
  if ("drop" in fault) return Consequence.Drop({ when: fault.drop })
  const { body, headers = {}, status } = fault
  const options = { status, headers }
  return Consequence.Answer({
    response:
      body === undefined || body === ""
        ? HttpServerResponse.empty(options)
        : Predicate.isString(body)
          ? HttpServerResponse.text(body, options)
          : HttpServerResponse.jsonUnsafe(body, options)
  })
}

export const make = (): Faults => {
  let rules: ReadonlyArray<{ readonly fault: Fault; readonly consequence: Consequence; left: number }> = []
  return {
    replace: (faults) => {
      rules = faults.map((fault) => ({
        fault,
        consequence: consequenceOf(fault),
        left: fault.times ?? Number.POSITIVE_INFINITY
      }))
    },
    next: (method, url) => {
      const rule = rules.find(
        ({ fault, left }) =>
          left > 0 &&
          (fault.method === undefined || fault.method.toUpperCase() === method) &&
          (fault.path === undefined || url.startsWith(fault.path))
      )
      if (rule === undefined) return undefined
      rule.left -= 1
      return rule.consequence
    }
  }
}

// What a timer can count; a day and a half short of 25 days
const longestDelay = 2 ** 31 - 1
const bodiless: ReadonlySet<number> = new Set([204, 205, 304])
const headerName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** Why an answer cannot be sent, and where in the fault. */
export const whyNot = ({
  body,
  headers,
  status
}: {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number>>
  readonly body?: unknown
}): ReadonlyArray<{ readonly path: ReadonlyArray<string>; readonly issue: string }> => [
  ...(Number.isInteger(status) && status >= 200 && status <= 599
    ? []
    : [{ path: ["status"], issue: "is not the status of an answer, which is a whole number from 200 to 599" }]),
  ...(bodiless.has(status) && body !== undefined && body !== ""
    ? [{ path: ["body"], issue: `cannot be sent with the status ${status}` }]
    : []),
  ...Object.entries(headers).flatMap(([name, value]) =>
    !headerName.test(name)
      ? [{ path: ["headers", name], issue: "is not the name of a header" }]
      : headerValue.test(String(value))
        ? []
        : [{ path: ["headers", name], issue: "has a value that no header can have" }]
  )
]

/** What is wrong with a fault, and where in it. */
export const whyNotFault = (fault: Fault): ReturnType<typeof whyNot> => {
  const { times = 0 } = fault
  const isCount = Number.isInteger(times) && times >= 0
  const delay = "delay" in fault ? Option.getOrUndefined(Duration.fromInput(fault.delay)) : Duration.zero
  const isTimer = delay !== undefined && !Duration.isNegative(delay) && Duration.toMillis(delay) <= longestDelay
  return [
    ...(isCount ? [] : [{ path: ["times"], issue: "is not a whole number from 0 on" }]),
    ...(isTimer ? [] : [{ path: ["delay"], issue: "is not a time from zero on that a timer can count" }]),
    ...("status" in fault ? whyNot({ headers: {}, ...fault }) : [])
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
  delay_ms: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: longestDelay }))),
  drop: Schema.optionalKey(Schema.Literals(["before", "after"]))
}).check(
  Schema.makeFilter((rule) => kinds.filter((kind) => rule[kind] !== undefined).length === 1, {
    message: `a rule has exactly one of ${kinds.join(", ")}`
  }),
  Schema.makeFilter((rule) => rule.status !== undefined || (rule.headers === undefined && rule.body === undefined), {
    message: "headers and body go with a status"
  }),
  Schema.makeFilter(({ body, headers = {}, status }) => (status === undefined ? [] : whyNot({ body, headers, status })))
)

/** A list of faults in the JSON of the control API. */
export const RulesJson = Schema.Struct({ rules: Schema.Array(RuleJson) })

/** A fault from its JSON. */
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
