import { readFileSync } from "node:fs"

/** The parts of a schema that the tests compare: types and names, but not titles and formats. */
export interface SchemaDocument {
  readonly $ref?: string
  readonly type?: string
  readonly enum?: ReadonlyArray<unknown>
  readonly const?: unknown
  readonly anyOf?: ReadonlyArray<SchemaDocument>
  readonly oneOf?: ReadonlyArray<SchemaDocument>
  readonly items?: SchemaDocument
  readonly properties?: Record<string, SchemaDocument>
  readonly required?: ReadonlyArray<string>
}

interface Operation {
  readonly parameters?: ReadonlyArray<{ readonly name: string; readonly in: string; readonly required?: boolean }>
  readonly requestBody?: { readonly content: Record<string, { readonly schema: SchemaDocument }> }
  readonly responses: Record<
    string,
    { readonly description?: string; readonly content?: Record<string, { readonly schema: SchemaDocument }> }
  >
  readonly security?: ReadonlyArray<Record<string, unknown>>
}

/** The parts of an OpenAPI document that the tests compare. */
export interface Document {
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly schemas: Record<string, SchemaDocument> }
}

/** The contract that Polar publishes for seats. */
export const published: Document = JSON.parse(
  readFileSync(new URL("openapi-seats.2026-10.json", import.meta.url), "utf8")
)

/** The name of the schema that a reference means. */
export const nameOf = (ref: string) => ref.slice(ref.lastIndexOf("/") + 1)
