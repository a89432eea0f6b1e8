import type { SeatError } from "@polar-seats/domain/SeatError"
import { Console, Effect, Runtime, Schema } from "effect"

/** How a command that did not succeed ends: what it had to say, it has said. */
export class Ended extends Schema.TaggedError<Ended>()("Ended", { code: Schema.Int }) {
  override readonly [Runtime.errorExitCode] = this.code
  override readonly [Runtime.errorReported] = false
}

/** 1: something failed. 2: the command was used wrongly. 3: Polar refused. */
export const exitCode = { failed: 1, wrongUse: 2, refused: 3 } as const

export const exitCodeOf = (error: SeatError): number =>
  error._tag === "Unavailable" ? exitCode.failed : exitCode.refused

// What comes from elsewhere may hold characters that a terminal obeys
const controls = /\p{Cc}/gu

/** Text from outside, made safe to show on a terminal. */
export const plain = (text: string): string => text.replace(controls, "\u{FFFD}")

/** Says something on stderr. */
export const complain = (text: string): Effect.Effect<void> => Console.error(text.split("\n").map(plain).join("\n"))

/** Says why, and ends the command. */
export const end = (code: number, why: string): Effect.Effect<never, Ended> =>
  Effect.andThen(complain(why), new Ended({ code }))
