import * as Schema from "effect/Schema"

/** The journal cannot be read or written, so nothing more is sent. */
export class JournalError extends Schema.TaggedError<JournalError>()("JournalError", {
  description: Schema.String
}) {
  override get message() {
    return `The journal failed, and what it cannot write down is not sent: ${this.description}.`
  }
}
