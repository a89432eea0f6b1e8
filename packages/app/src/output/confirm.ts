import * as Prompt from "effect/cli/Prompt"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import { complain, Ended, end, exitCode } from "./print.ts"
import { root } from "../globalFlags.ts"

const interrupted = 130

/** Goes on where a person says yes. Where nobody can be asked, `--yes` has to say it. */
export const confirm = Effect.fnUntraced(function* (question: string) {
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  const { json } = yield* root
  if (!canPrompt || json) {
    return yield* end(exitCode.wrongUse, `${question} There is nobody here to ask, so nothing was sent: pass --yes.`)
  }
  const isMeant = yield* Prompt.run(Prompt.Confirm({ message: question })).pipe(
    Effect.catchTag("QuitError", () =>
      Effect.andThen(complain("\nInterrupted. Nothing was sent."), new Ended({ code: interrupted }))
    )
  )
  if (!isMeant) return yield* end(exitCode.failed, "Nothing was sent.")
})
