import { SeatSource } from "@polar-seats/domain/SeatSource"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Ended, endCommand, exitCode } from "../exit.ts"
import type { SourceFlags } from "./flags.ts"

/** Returns the one candidate that is given. If none or several are given, the command ends and prints `usage`. */
export const requireOne = <A>(candidates: ReadonlyArray<Option.Option<A>>, usage: string): Effect.Effect<A, Ended> => {
  const [first, ...others] = candidates.flatMap(Option.toArray)
  return first === undefined || others.length > 0 ? endCommand(exitCode.wrongUse, usage) : Effect.succeed(first)
}

/** Reads the one source that the flags name. */
export const readSource = (flags: SourceFlags): Effect.Effect<SeatSource, Ended> =>
  requireOne<SeatSource>(
    [
      Option.map(flags.subscription, (id) => SeatSource.Subscription({ id })),
      Option.map(flags.order, (id) => SeatSource.Order({ id }))
    ],
    "Name either a --subscription or an --order."
  )

/** Reads the source that the flags name, or undefined if they name none. */
export const readOptionalSource = (flags: SourceFlags): Effect.Effect<SeatSource | undefined, Ended> =>
  Option.isNone(flags.subscription) && Option.isNone(flags.order) ? Effect.undefined : readSource(flags)
