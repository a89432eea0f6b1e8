import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { getSystemErrorMessage } from "node:util"

// A stream whose other end is gone. ECONNRESET comes from a socket whose reader left text unread
const closedCodes: ReadonlySet<unknown> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"])

/** stdout or stderr takes no more text. */
export class CannotWrite extends Schema.TaggedError<CannotWrite>()("CannotWrite", {
  /** The words of the system, such as "no space left on device". */
  description: Schema.String,
  /** Whether nobody is there any more to read the text. */
  isClosed: Schema.Boolean
}) {
  override get message() {
    return `cannot write: ${this.description}`
  }

  /** The error of a write. A terminal that is gone answers with EIO. */
  static readonly fromSystem = (error: Error, isTerminal: boolean): CannotWrite => {
    const code = "code" in error ? error.code : undefined
    const errno = "errno" in error && Predicate.isNumber(error.errno) ? error.errno : undefined
    return new CannotWrite({
      description: errno === undefined ? error.message : getSystemErrorMessage(errno),
      isClosed: closedCodes.has(code) || (isTerminal && code === "EIO")
    })
  }
}
