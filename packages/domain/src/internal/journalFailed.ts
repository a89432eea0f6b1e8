import * as Schema from "effect/Schema"

/** The journal cannot be read or written, so nothing more is sent. */
export class JournalFailed extends Schema.TaggedError<JournalFailed>()("JournalFailed", {
  description: Schema.String
}) {
  override get message() {
    return `The journal failed, and what it cannot write down is not sent: ${this.description}.`
  }
}
