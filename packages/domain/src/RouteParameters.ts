import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { InvalidRequest } from "./SeatError.ts"

/** The schema of each parameter by its name, such as `{ seatId: SeatId }`. Each one decodes a text. */
export type Fields = Readonly<Record<string, Schema.ConstraintCodec<unknown, string>>>

const missing = "is missing"
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    if (issue._tag === "MissingKey") return missing
    return issue._tag === "InvalidType" ? "must be one text" : SchemaIssue.defaultLeafHook(issue)
  }
})

const toInvalidRequest = ({ issue }: Schema.SchemaError) =>
  new InvalidRequest({
    issues: formatIssue(issue).issues.map(({ message, path = [] }) => ({
      type: message === missing ? "missing" : "value_error",
      path: path.map(String),
      message
    }))
  })

/**
 * Makes a decoder for what users write: the parameters of a route, a query or a form. `SeatId.make` throws at a text that
 * is no id, but this decoder fails with `InvalidRequest`. It has an issue for each wrong parameter, with its name as the
 * path, and shows no value. Further parameters are left out. If there are no parameters at all, such as the body of a request
 * that has none, each one is missing.
 *
 * A query is `Object.fromEntries(url.searchParams)`. A parameter that may be missing has `Schema.optionalKey` around its
 * schema.
 */
export const decode = <const F extends Fields>(
  fields: F
): ((
  parameters: Readonly<Record<string, unknown>> | null | undefined
) => Effect.Effect<Schema.Struct.Type<F>, InvalidRequest>) => {
  const decodeFields = Schema.decodeUnknownEffect(Schema.Struct(fields), { errors: "all" })
  return (parameters) => {
    // Some routers have a key for a parameter that the request lacks, and some give null for a form that it lacks
    const given = Object.entries(parameters ?? {}).filter(([, value]) => Predicate.isNotUndefined(value))
    return Effect.mapError(decodeFields(Object.fromEntries(given)), toInvalidRequest)
  }
}
