import * as Prompt from "effect/cli/Prompt"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import { endCommand, exitCode } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { showHidden } from "./print.ts"

/** Continues if a person answers yes. The command ends if they do not, or if there is no terminal to ask on. */
export const confirm = Effect.fnUntraced(function* (question: string) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  const { json } = yield* root
  if (!canPrompt || json) {
    return yield* endCommand(
      exitCode.wrongUse,
      `${question} Nothing was sent, because the command cannot ask here. To send without a question, pass --yes.`
    )
  }
  const isConfirmed = yield* Prompt.run(Prompt.Confirm({ message: showHidden(question) })).pipe(
    Effect.catchTag("QuitError", () => endCommand(exitCode.interrupted, ["", "Interrupted. Nothing was sent."]))
  )
  if (!isConfirmed) return yield* endCommand(exitCode.failed, "Nothing was sent.")
})
