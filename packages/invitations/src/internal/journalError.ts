import * as Schema from "effect/Schema"

/** The journal could not be read or written, so no more invitations were sent. */
export class JournalError extends Schema.TaggedError<JournalError>()(
  "JournalError",
  {
    description: Schema.String
  },
  { httpApiStatus: 503 }
) {
  override get message() {
    return `The journal could not be read or written (${this.description}), so no more invitations were sent. Mend the journal, and start again: the journal knows who was mailed.`
  }
}

/**
 * The entry of one person, in the journal or a shared run, cannot be read. Nothing was mailed to this person, and it was
 * left as it is.
 */
export class UnreadableEntry extends Schema.TaggedError<UnreadableEntry>()("UnreadableEntry", {
  description: Schema.String
}) {
  override get message() {
    return `The entry of this person cannot be read (${this.description}). Nothing was mailed to them, and it was left as it is: read it with the version that wrote it.`
  }
}
