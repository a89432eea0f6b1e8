import * as Schema from "effect/Schema"
import { CommandOutput } from "./CommandOutput.ts"

/** The JSON Schema of a line that a command prints with `--json`, for programs that have no Effect. */
export const outputSchema = (): object => {
  const { definitions, schema } = Schema.toJsonSchemaDocument(CommandOutput)
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A line of stdout of polar-seats with --json",
    ...schema,
    $defs: definitions
  }
}
