import type { Answer } from "./exchange.ts"
import type { Run } from "./run.ts"

/** One respect in which Polar differs from a fact. */
export interface Difference {
  readonly what: string
  readonly expected: string
  readonly came: string
}

/** Something that the project relies on. */
export interface Fact {
  readonly name: string
  /** A sentence about Polar. */
  readonly says: string
  /** The consequence for this project if the fact does not hold any more. */
  readonly means: string
  /** Fails with `NotChecked` if this run cannot tell. */
  readonly check: (run: Run) => Promise<ReadonlyArray<Difference>>
}

/** This run cannot tell whether a fact holds. The message says why. */
export class NotChecked extends Error {}

const show = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value))

/** Compares two values by their JSON. */
export const same = (what: string, expected: unknown, came: unknown): ReadonlyArray<Difference> =>
  show(expected) === show(came) ? [] : [{ what, expected: show(expected), came: show(came) }]

/** Reports a difference unless something is so. */
export const holds = (isSo: boolean, what: string, expected: string, came: unknown): ReadonlyArray<Difference> =>
  isSo ? [] : [{ what, expected, came: show(came) }]

/** The answer that a fact expects. */
export interface Expected {
  readonly status: number
  /** The whole body. */
  readonly text?: string
  /** Some members of the body. */
  readonly json?: Readonly<Record<string, unknown>>
  /** Headers by their names in lower case. Null: the answer has no such header. */
  readonly headers?: Readonly<Record<string, string | null>>
}

/** A member of a JSON object. */
export const member = (json: unknown, key: string): unknown =>
  typeof json === "object" && json !== null ? Reflect.get(json, key) : undefined

/** A header that comes at most once. */
export const header = ({ headers }: Answer, name: string): string | undefined => headers[name]?.join(", ")

/** Compares an answer with what it has to be. If the status differs, the body is shown too. */
export const compare = (answer: Answer, expected: Expected): ReadonlyArray<Difference> => {
  if (answer.status !== expected.status) {
    const came = `${answer.status} ${answer.text}`.trim()
    const whole = [expected.status, expected.text ?? (expected.json && JSON.stringify(expected.json)) ?? ""]
    return [{ what: `the answer to ${answer.asked}`, expected: whole.join(" ").trim(), came }]
  }
  return [
    ...(expected.text === undefined ? [] : same(`the body of ${answer.asked}`, expected.text, answer.text)),
    ...Object.entries(expected.json ?? {}).flatMap(([key, value]) =>
      same(`"${key}" in the answer to ${answer.asked}`, value, member(answer.json, key))
    ),
    ...Object.entries(expected.headers ?? {}).flatMap(([name, value]) =>
      same(`the header ${name} of ${answer.asked}`, value ?? undefined, header(answer, name))
    )
  ]
}

/** Polar's own errors, as compact JSON. */
export const polarError = (error: string, detail: unknown): string => JSON.stringify({ error, detail })
