import { assert, describe, it } from "vitest"
import { compileApp } from "./compileApp.ts"

// Each union of errors that an index exports, with some of its tags
const aliases = [
  ["@polar-seats/domain/Seats", "ResendError", ["AlreadyClaimed", "InvitationUnavailable", "NotFound", "Unavailable"]],
  ["@polar-seats/domain/Seats", "ListError", ["Forbidden", "NotFound", "Unauthorized"]],
  ["@polar-seats/domain/Seats", "AssignError", ["AlreadyAssigned", "NoSeatAvailable", "RecipientNotFound"]],
  ["@polar-seats/domain/Seats", "RevokeError", ["Forbidden", "NotFound"]],
  ["@polar-seats/domain/Seats", "ClaimedSubscriptionsError", ["Forbidden", "RateLimited"]],
  ["@polar-seats/domain/SeatError", "RequestError", ["InvalidRequest", "RateLimited", "Unavailable"]],
  ["@polar-seats/domain/SeatError", "SeatError", ["AlreadyAssigned", "AlreadyClaimed", "Forbidden"]],
  ["@polar-seats/http/CustomerSessions", "CreateError", ["AmbiguousCustomer", "Forbidden"]],
  ["@polar-seats/http/SeatClaims", "ClaimError", ["InvalidInvitation", "Forbidden"]],
  ["@polar-seats/http/SeatClaims", "EventsError", ["InvalidInvitation", "Unavailable"]],
  ["@polar-seats/invitations/Invitations", "ReissueError", ["AlreadyClaimed", "HolderRemoved", "InexactMetadata"]],
  ["@polar-seats/invitations/Invitations", "ResendInvitationError", ["AlreadyClaimed", "HolderRemoved"]],
  ["@polar-seats/invitations/Reminder", "OutcomeError", ["AlreadyClaimed", "HolderRemoved"]],
  ["@polar-seats/invitations/Reminder", "StoppingError", ["Forbidden", "JournalError", "Unauthorized"]],
  ["@polar-seats/invitations/Reminder", "RemindError", ["InvalidOption", "JournalError", "NotFound"]]
] as const

describe("the message about an error without a handler names its tags, and not only the union", async () => {
  const imports = aliases.map(([module, alias]) => `import type { ${alias} } from "${module}"`)
  const calls = aliases.map(
    ([, alias]) => `declare const call${alias}: Effect.Effect<void, ${alias}>
      export const done${alias}: Effect.Effect<void> = call${alias}`
  )
  const { messages } = await compileApp(['import { Effect } from "effect"', ...imports, ...calls].join("\n"))
  it.each(aliases.map((alias, index) => [alias, messages[index]] as const))("%s", ([, alias, tags], message = "") => {
    const [, errors = ""] = /^error TS\d+: Type 'Effect<void, (.*), never>' is not assignable/.exec(message) ?? []
    for (const tag of tags) assert.include(errors.split(" | "), tag, message)
    assert.notInclude(message, alias)
  })

  it("also after some errors have handlers", async () => {
    const { messages } = await compileApp(`import { Seats } from "@polar-seats/domain/Seats"
      import { Effect } from "effect"
      declare const seats: Seats["Service"]
      declare const id: Parameters<Seats["Service"]["resend"]>[0]
      export const done: Effect.Effect<unknown> = seats.resend(id).pipe(
        Effect.catchTag(["NotFound", "AlreadyClaimed", "InvitationUnavailable", "InvalidRequest"], () => Effect.void),
        Effect.catchReason("Unavailable", "NotSent", () => Effect.void)
      )
      `)
    assert.match(
      messages[0] ?? "",
      /^error TS\d+: Type 'Effect<.*, Forbidden \| RateLimited \| Unauthorized \| Unavailable, never>'/
    )
  })
})
