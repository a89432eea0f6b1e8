import * as Predicate from "effect/Predicate"
import * as SchemaIssue from "effect/SchemaIssue"
import type { InvalidWorld } from "../World.ts"

/** A problem of a world, with its path. */
export type WorldIssue = InvalidWorld["issues"][number]

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** The problems that a schema found in a world. */
export const worldIssues = (issue: SchemaIssue.Issue): ReadonlyArray<WorldIssue> =>
  format(issue).issues.map(({ message, path = [] }) => ({
    path: path.map((segment) => (Predicate.isNumber(segment) ? segment : String(segment))),
    message
  }))
