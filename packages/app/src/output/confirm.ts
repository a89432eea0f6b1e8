import * as Prompt from "effect/cli/Prompt"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import { endCommand, exitCode } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { printErr, showHidden } from "./print.ts"

/** The words for the act that a person is asked about. */
const words = {
  mail: { infinitive: "send", nothing: "Nothing was sent" },
  revoke: { infinitive: "revoke", nothing: "Nothing was revoked" }
} as const

// The end of a question sets the terminal back. Without a listener, the error of one that has gone away would be thrown
const ignoreStdinErrors = Effect.sync(() => void process.stdin.on("error", () => {}))

/** Continues if a person answers yes. The command ends if they do not, or if there is no terminal to ask on. */
export const confirm = Effect.fnUntraced(function* (question: string, act: keyof typeof words = "mail") {
  const { infinitive, nothing } = words[act]
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  const { json } = yield* root
  if (!canPrompt || json) {
    return yield* endCommand(
      exitCode.wrongUse,
      `${question} ${nothing}, because the command cannot ask here. To ${infinitive} without a question, pass --yes.`
    )
  }
  const interrupted = ["", `Interrupted. ${nothing}.`]
  const endInterrupted = () => endCommand(exitCode.interrupted, interrupted)
  yield* ignoreStdinErrors
  const isConfirmed = yield* Prompt.run(Prompt.Confirm({ message: showHidden(question) })).pipe(
    Effect.onInterrupt(() => printErr(interrupted)),
    Effect.catchTag("QuitError", endInterrupted),
    // The question dies if its terminal takes no more text
    Effect.catchDefect(endInterrupted)
  )
  if (!isConfirmed) return yield* endCommand(exitCode.failed, `${nothing}.`)
})
