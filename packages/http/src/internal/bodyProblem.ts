import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()
const firstProblem = (issue: SchemaIssue.Issue): string => {
  const { message = "", path = [] } = formatIssue(issue).issues[0] ?? {}
  const field = path.find((segment) => Predicate.isString(segment))
  return field === undefined ? message : `${field}: ${message}`
}

/** Why the body of an answer does not decode. It never repeats the body. */
export const bodyProblem = (text: string, error: Schema.SchemaError): string => {
  if (text.trim() === "") return "the body is empty"
  return /^\s*[[{]/.test(text) && Result.isSuccess(Result.try(() => JSON.parse(text)))
    ? `the body is not what is documented (${firstProblem(error.issue)})`
    : "the body is not JSON"
}
