import type { JournalError } from "@polar-seats/invitations/Journal"
import type { ReissueIncomplete } from "@polar-seats/invitations/Reissue"
import {
  type InvalidInvitation,
  type Operation,
  type SeatError,
  Unavailable,
  UnavailableReason
} from "@polar-seats/domain/SeatError"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as MutableRef from "effect/MutableRef"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { type Root, root } from "../globalFlags.ts"

/** How a command that did not succeed ends: what it had to say, it has said. */
export class Ended extends Schema.TaggedError<Ended>()("Ended", { code: Schema.Int }) {
  override readonly [Runtime.errorExitCode] = this.code
  override readonly [Runtime.errorReported] = false
}

/** Set by a command that runs until it is interrupted: it has done what it was asked for then. */
export const MeantToBeInterrupted = Context.Reference("@polar-seats/app/MeantToBeInterrupted", {
  defaultValue: () => MutableRef.make(false)
})

/** 1: something failed. 2: the command was used wrongly. 3: Polar refused. */
export const exitCode = { failed: 1, wrongUse: 2, refused: 3 } as const

/** Whatever a command can be refused with. */
export type Refusal = SeatError | InvalidInvitation | ReissueIncomplete | JournalError

// What says nothing of whether Polar would do it
const failures: ReadonlySet<Refusal["_tag"]> = new Set<Refusal["_tag"]>([
  "Unavailable",
  "ReissueIncomplete",
  "JournalError"
])

export const exitCodeOf = ({ _tag }: Refusal): number => (failures.has(_tag) ? exitCode.failed : exitCode.refused)

/** What an error means: that nothing was done for certain, or that nobody can tell from here. */
export const outcomeOf = (error: Refusal): "failed" | "unknown" =>
  error._tag === "ReissueIncomplete" || (error._tag === "Unavailable" && error.mayHaveHappened) ? "unknown" : "failed"

// What comes from elsewhere may hold characters that a terminal obeys
const controls = /\p{Cc}/gu

/** Text from outside, made safe to show on a terminal. */
export const plain = (text: string): string => text.replace(controls, "\u{FFFD}")

const plainLines = (text: string): string => text.split("\n").map(plain).join("\n")

/** Says something on stdout. */
export const say = (text: string): Effect.Effect<void> => Console.log(plainLines(text))

/** Says something on stderr. */
export const complain = (text: string): Effect.Effect<void> => Console.error(plainLines(text))

/** Prints a line of JSON. What JSON would leave of such characters as they are, it escapes. */
export const printJson = (json: string): Effect.Effect<void> =>
  Console.log(json.replace(controls, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`))

/** What a machine is told of an error. */
export const errorJson = ({ _tag, message }: { readonly _tag: string; readonly message: string }) => ({
  error: { _tag, message }
})

/** Says why, and ends the command. */
export const end = (code: number, why: string): Effect.Effect<never, Ended> =>
  Effect.andThen(complain(why), new Ended({ code }))

const tellError = Effect.fnUntraced(function* (error: Refusal) {
  const { json } = yield* root
  if (json) yield* printJson(JSON.stringify({ outcome: outcomeOf(error), ...errorJson(error) }))
  yield* complain(error.message)
})

/** Ends the command with what Polar, or the way to it, made of it. */
export const refuse = (error: Refusal): Effect.Effect<never, Ended, Root> =>
  Effect.andThen(tellError(error), new Ended({ code: exitCodeOf(error) }))

/** What is to be said of a call that was interrupted: its request may have arrived. */
export const interrupted = (operation: Operation): Unavailable =>
  new Unavailable({
    operation,
    reason: UnavailableReason.cases.OutcomeUnknown.make({ description: "it was interrupted" })
  })

/** Says what a call leaves open when it is interrupted. */
export const tellInterrupted =
  (operation: Operation) =>
  <A, E, R>(call: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Root> =>
    Effect.onInterrupt(call, () => tellError(interrupted(operation)))

/**
 * Makes a call and shows what came of it. A refusal ends the command. An interruption says what it leaves open, and one
 * that comes after the answer does not keep it from being shown.
 */
export const ask = <A, E extends Refusal, R, E2, R2>(
  operation: Operation,
  call: Effect.Effect<A, E, R>,
  show: (answer: A) => Effect.Effect<void, E2, R2>
): Effect.Effect<void, E2 | Ended, R | R2 | Root> =>
  Effect.uninterruptibleMask((restore) =>
    call.pipe(tellInterrupted(operation), restore, Effect.catch(refuse), Effect.flatMap(show))
  )
