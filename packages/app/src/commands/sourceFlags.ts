import { type OrderId, SeatSource, type SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Ended, endCommand, exitCode } from "../exit.ts"

/** The flags that name one source of seats. */
export interface SourceFlags {
  readonly order: Option.Option<OrderId>
  readonly subscription: Option.Option<SubscriptionId>
}

/** The flag that names a source on the command line. */
export const formatSourceFlag: (source: SeatSource) => string = SeatSource.$match({
  Subscription: ({ id }) => `--subscription ${id}`,
  Order: ({ id }) => `--order ${id}`
})

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

/** The flags that name several sources. */
export interface SourcesFlags {
  readonly order: ReadonlyArray<OrderId>
  readonly subscription: ReadonlyArray<SubscriptionId>
}

/** Reads the sources that the flags name, each once. */
export const readSources = ({ order, subscription }: SourcesFlags): Effect.Effect<ReadonlyArray<SeatSource>, Ended> => {
  const sources: ReadonlyArray<SeatSource> = [
    ...Array.from(new Set(subscription), (id) => SeatSource.Subscription({ id })),
    ...Array.from(new Set(order), (id) => SeatSource.Order({ id }))
  ]
  return sources.length > 0
    ? Effect.succeed(sources)
    : endCommand(exitCode.wrongUse, "Name at least one --subscription or --order.")
}
