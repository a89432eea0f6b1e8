import type { ReissueError, ResendInvitationError } from "@polar-seats/invitations/Invitations"
import type { RemindError } from "@polar-seats/invitations/Reminder"
import {
  type InvalidInvitation,
  type Operation,
  type SeatError,
  Unavailable,
  UnavailableReason
} from "@polar-seats/domain/SeatError"
import type { AmbiguousCustomer } from "@polar-seats/http/CustomerSessions"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as MutableRef from "effect/MutableRef"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { root } from "./globalFlags.ts"
import { describeError } from "./output/askedServer.ts"
import { type Lines, type PrintableError, printErr, printJson, toErrorJson } from "./output/print.ts"

/** Ends a command that did not succeed, after it has printed why. */
export class Ended extends Schema.TaggedError<Ended>()("Ended", { code: Schema.Int }) {
  override readonly [Runtime.errorExitCode] = this.code
  override readonly [Runtime.errorReported] = false
}

/** Whether an interruption ends the command with 0. A command that runs until it is interrupted sets it. */
export const InterruptIsSuccess = Context.Reference("@polar-seats/app/InterruptIsSuccess", {
  defaultValue: () => MutableRef.make(false)
})

/**
 * 1: a call failed. 2: the command was used wrongly. 3: Polar refused. 5: a mail left, and its link is dead. 130: the
 * command was interrupted.
 */
export const exitCode = { failed: 1, wrongUse: 2, refused: 3, deadLink: 5, interrupted: 130 } as const

/** Every error that a command reports. */
export type CommandError =
  | SeatError
  | InvalidInvitation
  | AmbiguousCustomer
  | ReissueError
  | ResendInvitationError
  | RemindError

// These errors do not say that Polar refused
const failures = new Set<CommandError["_tag"]>([
  "Unavailable",
  "ReissueIncomplete",
  "JournalError",
  "UnreadableEntry",
  "MailedRecently",
  "InvitationExpired",
  "InProgressElsewhere",
  "HolderRemoved",
  "InexactMetadata",
  "MailedSomebodyElse",
  "RevokedSomebodyElse"
])

/** The exit code for an error: 2 for an option that makes no sense, 3 if Polar refused, else 1. */
export const exitCodeFor = ({ _tag }: CommandError): number => {
  if (_tag === "InvalidOption") return exitCode.wrongUse
  return failures.has(_tag) ? exitCode.failed : exitCode.refused
}

/** `failed` if Polar certainly did not do what it was asked, `unknown` if it may have. */
export const outcomeFor = (error: CommandError): "failed" | "unknown" =>
  error._tag === "ReissueIncomplete" || (error._tag === "Unavailable" && error.mayHaveHappened) ? "unknown" : "failed"

/** Prints why on stderr, and ends the command. */
export const endCommand = (code: number, why: Lines): Effect.Effect<never, Ended> =>
  Effect.andThen(printErr(why), new Ended({ code }))

/** The lines of JSON for an error that ends a command. */
export type FailureJson = (
  outcome: "failed" | "unknown",
  error: PrintableError,
  interrupted: boolean
) => ReadonlyArray<object>

// A call that is not about seats has no line for a seat, and no summary
const callFailure: FailureJson = (outcome, error) => [{ outcome, ...toErrorJson(error) }]

const printError = Effect.fnUntraced(function* (
  error: CommandError,
  addition: string,
  toJson: FailureJson,
  interrupted: boolean
) {
  const { json } = yield* root
  const message = yield* describeError(error)
  if (json) yield* Effect.forEach(toJson(outcomeFor(error), { _tag: error._tag, message }, interrupted), printJson)
  yield* printErr(message + addition)
})

/** Prints an error, and ends the command with its exit code. People also read `addition`. */
export const endWithError = (error: CommandError, addition = "", toJson = callFailure) =>
  Effect.andThen(printError(error, addition, toJson, false), new Ended({ code: exitCodeFor(error) }))

/** The error of a call that was interrupted. Its request may have reached Polar. */
export const makeInterrupted = (operation: Operation) =>
  new Unavailable({
    operation,
    reason: UnavailableReason.cases.OutcomeUnknown.make({ description: "it was interrupted" })
  })

/** If the call is interrupted, prints whether Polar may have acted. People also read `addition`. */
export const reportInterruption =
  (operation: Operation, toJson = callFailure, addition = "") =>
  <A, E, R>(call: Effect.Effect<A, E, R>) =>
    Effect.onInterrupt(call, () => printError(makeInterrupted(operation), addition, toJson, true))

/**
 * Makes a call and shows its answer. An error ends the command. An interruption during the call is reported, and one
 * after the answer does not stop `show`.
 */
export const callAndShow = <A, E extends CommandError | Ended, R, E2, R2>(
  operation: Operation,
  call: Effect.Effect<A, E, R>,
  show: (answer: A) => Effect.Effect<void, E2, R2>,
  toJson = callFailure
) =>
  Effect.uninterruptibleMask((restore) =>
    call.pipe(
      reportInterruption(operation, toJson),
      restore,
      Effect.catch((error: CommandError | Ended) =>
        error._tag === "Ended" ? Effect.fail(error) : endWithError(error, "", toJson)
      ),
      Effect.flatMap(show)
    )
  )
