import * as Schema from "effect/Schema"

/** The journal could not be read or written, so no more invitations are sent. */
export class JournalError extends Schema.TaggedError<JournalError>()("JournalError", {
  description: Schema.String
}) {
  override get message() {
    return `The journal could not be read or written (${this.description}), so no more invitations were sent. Repair the journal, then run again.`
  }
}
