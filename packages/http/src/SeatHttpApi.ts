import { isRateLimited } from "@polar-seats/domain/SeatError"
import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { memoize } from "effect/Function"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

/** The class of an error: one of these packages, or a `Schema.TaggedError` of your own. */
export interface ErrorClass extends Schema.Codec<{ readonly _tag: string; readonly message: string }, object> {
  readonly identifier: string
  readonly fields: Schema.Struct.Fields & { readonly _tag: Schema.tag<string> }
}

/**
 * The `statuses` of an API whose callers bring their own token of Polar. An API that uses the app's token answers 500 to
 * both errors, because its callers can do nothing about them.
 */
export const callersToken = { Unauthorized: 401, Forbidden: 403 }

/** Options of `errors`. */
export interface Options<Tag extends string> {
  /** The statuses that differ from the default, by the tag of the error. */
  readonly statuses?: { readonly [Key in Tag]?: number } | undefined
}

const tagOf = ({ fields }: ErrorClass): string => fields._tag.schema.literal

// One schema for each class: an OpenAPI document numbers the names of equal ones
const jsonOf = memoize((schema: ErrorClass) =>
  Schema.toEncoded(Schema.Struct({ ...schema.fields, message: Schema.String })).annotate({ identifier: tagOf(schema) })
)

const withMessage = <S extends ErrorClass>(schema: S): Schema.Codec<S["Type"], unknown> => {
  const json = jsonOf(schema)
  const decode = Schema.decodeUnknownEffect(schema)
  const encode = Schema.encodeEffect(schema)
  const check = Schema.decodeUnknownEffect(json)
  return json.pipe(
    Schema.decodeTo(
      Schema.toType(schema),
      SchemaTransformation.transformEffect({
        decode: (input, options) => Effect.mapError(decode(input, options), ({ issue }) => issue),
        encode: (error, options) =>
          encode(error, options).pipe(
            Effect.flatMap((encoded) => check({ ...encoded, message: error.message }, options)),
            Effect.mapError(({ issue }) => issue)
          )
      })
    )
  )
}

const retryAfter = (error: { readonly _tag: string }): { readonly "retry-after"?: string } =>
  isRateLimited(error) && error.retryAfter !== null
    ? { "retry-after": String(Math.ceil(Duration.toSeconds(error.retryAfter))) }
    : {}

// A response with headers shares its status with no other, so it is one schema for all errors of that status
const withRetryAfter = <A extends { readonly _tag: string }>(
  body: Schema.Codec<A, unknown>
): Schema.Codec<A, unknown> =>
  body.pipe(
    HttpApiSchema.encodeToWithHeaders(
      { body, headers: { "retry-after": Schema.optionalKey(Schema.String) } },
      { decode: ({ body }) => body, encode: (error) => ({ body: error, headers: retryAfter(error) }) }
    )
  )

/**
 * The errors of an operation for the `error` of an `HttpApiEndpoint`: `SeatHttpApi.errors(ListError)`. Each has its status,
 * and its `message` beside its fields, for callers without Effect. A generated client fails with the error itself.
 * `RateLimited` sets the `Retry-After` header, in whole seconds.
 *
 * The errors of these packages have a default status: `ListError.members` as the `error` gives it too, without the message.
 * An error without one is a 500. The JSON holds every field: that of `MailedSomebodyElse`, `ReissueIncomplete` and
 * `RevokedSomebodyElse` names the holders of seats. An `Rpc` needs none of this: declare the union as its `error`.
 */
export const errors = <S extends ErrorClass>(
  union: { readonly members: ReadonlyArray<S> },
  { statuses = {} }: Options<S["Type"]["_tag"]> = {}
): ReadonlyArray<Schema.Codec<S["Type"], unknown>> => {
  const wanted: { readonly [tag: string]: number | undefined } = statuses
  const statusOf = (schema: S) => wanted[tagOf(schema)] ?? Schema.resolveAnnotations(schema)?.httpApiStatus ?? 500
  const byStatus = Arr.groupBy(union.members, (schema) => String(statusOf(schema)))
  return Object.values(byStatus).map((schemas) => {
    const answer = Schema.Union(schemas.map(withMessage)).annotate({
      description: schemas.map(tagOf).join(", "),
      httpApiStatus: statusOf(schemas[0])
    })
    return schemas.some((schema) => tagOf(schema) === "RateLimited") ? withRetryAfter(answer) : answer
  })
}
