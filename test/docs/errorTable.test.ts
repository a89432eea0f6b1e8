import { AssignError, ClaimedSubscriptionsError, ListError, ResendError, RevokeError } from "@polar-seats/domain/Seats"
import { CreateError } from "@polar-seats/http/CustomerSessions"
import { ClaimError, EventsError } from "@polar-seats/http/SeatClaims"
import { ReissueError, ResendInvitationError } from "@polar-seats/invitations/Invitations"
import { Schema } from "effect"
import { readFileSync } from "node:fs"
import { assert, it } from "vitest"
import { root } from "../../scripts/packages.ts"

/** Every error of a call. */
const errors = [
  ...ResendError.members,
  ...ListError.members,
  ...AssignError.members,
  ...RevokeError.members,
  ...ClaimedSubscriptionsError.members,
  ...ClaimError.members,
  ...EventsError.members,
  ...CreateError.members,
  ...ReissueError.members,
  ...ResendInvitationError.members
]
const statuses = errors.map((error): readonly [string, number] => [
  error.fields._tag.schema.literal,
  Number(Schema.resolveAnnotations(error)?.["httpApiStatus"] ?? 500)
])

const readme = readFileSync(`${root}README.md`, "utf8")
const table = /^\| error \|[^]*?\n\n/m.exec(readme)?.[0] ?? ""
const rows = table
  .trim()
  .split("\n")
  .slice(2)
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim())
  )

it("the error table of the README has every error of a call, with its default status", () => {
  const listed = rows.flatMap(([tags = "", status]) =>
    [...tags.matchAll(/`([A-Z]\w+)`/g)].map(([, tag = ""]): readonly [string, number] => [tag, Number(status)])
  )
  assert.deepEqual(Object.fromEntries(listed), Object.fromEntries(statuses))
})

it("the error table of the README answers all of its questions in each row", () => {
  for (const row of rows) {
    assert.lengthOf(row, 5)
    assert.notInclude(row, "")
  }
})
