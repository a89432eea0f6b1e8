import { assert, describe, it } from "@effect/vitest"
import { Predicate, Schema, SchemaAST } from "effect"
import { globSync } from "node:fs"
import { root } from "../../scripts/packages.ts"

/** An error class that a public module exports. */
interface ErrorClass {
  readonly name: string
  readonly fields: Schema.Struct.Fields
}

const isErrorClass = (value: unknown): value is ErrorClass =>
  Predicate.isFunction(value) && value.prototype instanceof Error && "fields" in value

// The modules of the app export no error that a library user meets
const modules = await Promise.all(
  globSync("packages/{domain,http,invitations,emulator}/src/*.ts", { cwd: root }).map(
    (path): Promise<object> => import(`${root}${path}`)
  )
)
const classes = new Map(
  modules
    .flatMap((module) => Object.values<unknown>({ ...module }))
    .filter(isErrorClass)
    .map((error) => [error.name, error])
)

// A new error joins a family, and is named like the others of it
const families: Record<string, ReadonlyArray<string>> = {
  "the caller gave something that makes no sense": [
    "InvalidInvitation",
    "InvalidOption",
    "InvalidRequest",
    "InvalidWebhook",
    "InvalidWorld"
  ],
  "a store cannot be used": ["JournalError", "JournalFileError", "SharedRunError"],
  "something does not serve": ["InvitationUnavailable", "NoSeatAvailable", "Unavailable", "UndiciUnavailable"],
  "Polar does not know it": ["NotFound", "RecipientNotFound"],
  "it is done already": ["AlreadyAssigned", "AlreadyClaimed"],
  "Polar refuses the token": ["Forbidden", "Unauthorized"],
  "it is too early": ["InProgressElsewhere", "MailedRecently", "RateLimited"],
  "another person was hit": ["MailedSomebodyElse", "RevokedSomebodyElse"],
  "a state in one's way": [
    "AmbiguousCustomer",
    "HolderRemoved",
    "InexactMetadata",
    "InvitationExpired",
    "ReissueIncomplete",
    "SourcesUnlisted",
    "UnreadableEntry"
  ]
}

it("every public error is in one family", () => {
  assert.deepStrictEqual([...classes.keys()].toSorted(), Object.values(families).flat().toSorted())
})

// One word for what went wrong: `reason` for one of a closed set, `description` for a text of ours, `detail` for Polar's
const otherWords = ["why", "cause", "kind", "problem", "text", "error_description"]

const isClosed = (ast: SchemaAST.AST): boolean =>
  SchemaAST.isUnion(ast)
    ? ast.types.every(isClosed)
    : SchemaAST.isLiteral(ast) ||
      (SchemaAST.isObjects(ast) && ast.propertySignatures.some(({ name }) => name === "_tag"))

describe.each([...classes])("%s", (_, { fields }) => {
  it("says what went wrong in the words of all errors", () => {
    assert.notIncludeMembers(Object.keys(fields), otherWords)
    const reason = fields["reason"]
    if (reason !== undefined) assert.isTrue(isClosed(Schema.toType(reason).ast), "a reason is one of a closed set")
    for (const text of ["description", "detail"]) {
      const field = fields[text]
      if (field !== undefined) assert.isTrue(SchemaAST.isString(field.ast), `${text} is a text`)
    }
  })
})
