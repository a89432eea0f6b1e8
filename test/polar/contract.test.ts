import { assert, it } from "@effect/vitest"
import { PolarApi } from "@polar-seats/emulator/PolarApi"
import { OpenApi } from "effect/http-api"
import { Effect } from "effect"
import { ask, inWorld } from "../emulator/emulatorHttp.ts"
import { buyer, tokens } from "../laws/world.ts"
import { type Document, nameOf, published, type SchemaDocument } from "./published.ts"

const ours: Document = JSON.parse(JSON.stringify(OpenApi.fromApi(PolarApi)))

// A name that only one document has is replaced by its definition
const shape = (schema: SchemaDocument | undefined, document: Document): string => {
  if (schema === undefined) return "nothing"
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref)
    return name in ours.components.schemas && name in published.components.schemas
      ? name
      : shape(document.components.schemas[name], document)
  }
  if (schema.anyOf !== undefined) {
    return [...new Set(schema.anyOf.map((each) => shape(each, document)))].toSorted().join(" | ")
  }
  if (schema.enum !== undefined || schema.const !== undefined) {
    return (schema.enum ?? [schema.const])
      .map((value) => JSON.stringify(value))
      .toSorted()
      .join(" | ")
  }
  return schema.type === "array" ? `Array<${shape(schema.items, document)}>` : (schema.type ?? "anything")
}

const fieldsOf = (schema: SchemaDocument, document: Document): ReadonlyArray<string> =>
  Object.entries(schema.properties ?? {}).map(
    ([name, field]) => `${name}${schema.required?.includes(name) === true ? "" : "?"}: ${shape(field, document)}`
  )

const factsOf = (document: Document): ReadonlyArray<string> => [
  ...Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { parameters = [], requestBody, responses, security = [] }]) => {
      const at = `${method.toUpperCase()} ${path}`
      return [
        at,
        ...parameters.map((each) => `${at} takes ${each.in} ${each.name}${each.required === true ? "" : "?"}`),
        ...(requestBody === undefined
          ? []
          : [`${at} takes ${shape(requestBody.content["application/json"]?.schema, document)}`]),
        ...security.flatMap((each) => Object.keys(each)).map((scheme) => `${at} takes the token of ${scheme}`),
        ...Object.entries(responses).flatMap(([status, { content }]) => [
          `${at} answers ${status}`,
          ...(status.startsWith("2")
            ? [`${at} answers ${status} with ${shape(content?.["application/json"]?.schema, document)}`]
            : [])
        ])
      ]
    })
  ),
  ...Object.entries(document.components.schemas)
    .filter(([name]) => name in ours.components.schemas && name in published.components.schemas)
    .flatMap(([name, schema]) => fieldsOf(schema, document).map((field) => `${name} has ${field}`))
]

const open = "Open enums: a new value of Polar must not break a reader (ADR 0002)"
const older = "Older versions leave it out, and a reader accepts their answers (ADR 0002)"
const undeclared = "The server answers it, but the published contract does not declare it"
const envelope = "The server's 422 names itself in `error`, and always has a `detail`"
const listed: Record<string, ReadonlyArray<string>> = {
  [open]: [
    '+ CustomerSeat has status: "claimed" | "pending" | "revoked" | string',
    '- CustomerSeat has status: "claimed" | "pending" | "revoked"',
    '+ Member has role: "billing_manager" | "member" | "owner" | string',
    '- Member has role: "billing_manager" | "member" | "owner"'
  ],
  [older]: [
    "+ CustomerSeat has email?: null | string",
    "- CustomerSeat has email: null | string",
    "+ CustomerSeat has member?: Member | null",
    "- CustomerSeat has member: Member | null",
    "+ CustomerSeat has member_id?: null | string",
    "- CustomerSeat has member_id: null | string"
  ],
  [undeclared]: [
    "+ GET /v1/customer-portal/seats answers 400",
    "+ GET /v1/customer-seats answers 400",
    "+ POST /v1/customer-sessions/ answers 401",
    "+ POST /v1/customer-sessions/ answers 403"
  ],
  [envelope]: [
    "+ HTTPValidationError has detail: Array<ValidationError>",
    "- HTTPValidationError has detail?: Array<ValidationError>",
    '+ HTTPValidationError has error: "PolarRequestValidationError" | "RequestValidationError"'
  ],
  "Published, but the switch for seats that it is about is gone": [
    "- GET /v1/customer-seats/claim/{invitation_token} answers 403",
    "- POST /v1/customer-seats/claim answers 403"
  ],
  "Published, but never answered by the server: it answers a bad token with 404": [
    "- GET /v1/customer-seats/claim/{invitation_token} answers 400"
  ],
  "One check protects all operations of the portal, and never answers 403 to this one": [
    "+ GET /v1/customer-portal/seats/subscriptions answers 403"
  ],
  "Published as one of two kinds of customer; the emulator sends one of them whole, and the client does not read it": [
    "+ CustomerSession has customer: object",
    "- CustomerSession has customer: anything"
  ]
}

// The schemas that only the published contract names (of subscriptions and customers) are not compared field by field. The
// emulator sends them complete, which Polar's own SDKs check. The client reads a few of their fields
it("PolarApi matches the published contract, except for the differences that are listed here with a reason", () => {
  const [own, theirs] = [new Set(factsOf(ours)), new Set(factsOf(published))]
  // `+` is only ours, `-` is only published
  const found = [
    ...[...own].filter((fact) => !theirs.has(fact)).map((fact) => `+ ${fact}`),
    ...[...theirs].filter((fact) => !own.has(fact)).map((fact) => `- ${fact}`)
  ]
  assert.deepEqual(found.toSorted(), Object.values(listed).flat().toSorted())
})

/** The fields of an answer that the contract lacks, and those that it requires and the answer lacks. */
const misfits = (schema: SchemaDocument, value: unknown, path: string): ReadonlyArray<string> => {
  if (schema.$ref !== undefined) return misfits(published.components.schemas[nameOf(schema.$ref)] ?? {}, value, path)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) {
    if (value === null) return choices.some(({ type }) => type === "null") ? [] : [`${path} is null`]
    const found = choices.filter(({ type }) => type !== "null").map((each) => misfits(each, value, path))
    return found.find((each) => each.length === 0) ?? found[0] ?? []
  }
  if (value === null) return schema.type === "null" ? [] : [`${path} is null`]
  if (Array.isArray(value)) return value.flatMap((each) => misfits(schema.items ?? {}, each, `${path}[]`))
  if (schema.properties === undefined || typeof value !== "object") return []
  const fields = Object.entries(value)
  return [
    ...(schema.required ?? []).filter((name) => !(name in value)).map((name) => `${path}.${name} is missing`),
    ...fields.flatMap(([name, field]) => {
      const declared = schema.properties?.[name]
      return declared === undefined ? [`${path}.${name} is not published`] : misfits(declared, field, `${path}.${name}`)
    })
  ]
}

it.effect("the emulator answers claimed subscriptions and sessions with every published field, and no other", () =>
  inWorld(
    Effect.gen(function* () {
      const claimed = yield* ask("GET", "/v1/customer-portal/seats/subscriptions", { token: tokens.member })
      const page = JSON.parse(claimed.body)
      assert.lengthOf(page.items, 1)
      assert.isNull(page.items[0].units)
      assert.deepEqual(misfits({ $ref: "ListResource_CustomerSubscription_" }, page, "page"), [])
      const session = yield* ask("POST", "/v1/customer-sessions/", {
        token: tokens.sessions,
        body: { customer_id: buyer }
      })
      assert.strictEqual(session.status, 201)
      assert.deepEqual(misfits({ $ref: "CustomerSession" }, JSON.parse(session.body), "session"), [])
    })
  )
)
