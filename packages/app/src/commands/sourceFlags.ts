import { type OrderId, SeatSource, type SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type Ended, end, exitCode } from "../output/print.ts"

/** The flags that say where seats come from. */
export interface SourceFlags {
  readonly order: Option.Option<OrderId>
  readonly subscription: Option.Option<SubscriptionId>
}

/** How a place is named on the command line. */
export const flagOf: (source: SeatSource) => string = SeatSource.$match({
  Subscription: ({ id }) => `--subscription ${id}`,
  Order: ({ id }) => `--order ${id}`
})

/** The one thing that was named out of several, or nothing where it was none or more. */
export const exactlyOne = <A>(candidates: ReadonlyArray<Option.Option<A>>): Option.Option<A> => {
  const [first, ...others] = candidates.flatMap(Option.toArray)
  return others.length > 0 ? Option.none() : Option.fromUndefinedOr(first)
}

/** Where the seats come from, where the flags name one place. */
export const oneSource = (flags: SourceFlags): Effect.Effect<SeatSource, Ended> =>
  Option.match(
    exactlyOne<SeatSource>([
      Option.map(flags.subscription, (id) => SeatSource.Subscription({ id })),
      Option.map(flags.order, (id) => SeatSource.Order({ id }))
    ]),
    {
      onNone: () => end(exitCode.wrongUse, "Name either a --subscription or an --order."),
      onSome: Effect.succeed
    }
  )

/** The flags that name several such places. */
export interface SourcesFlags {
  readonly order: ReadonlyArray<OrderId>
  readonly subscription: ReadonlyArray<SubscriptionId>
}

/** Where the seats come from, each place once. */
export const someSources = ({ order, subscription }: SourcesFlags): Effect.Effect<ReadonlyArray<SeatSource>, Ended> => {
  const sources: ReadonlyArray<SeatSource> = [
    ...Array.from(new Set(subscription), (id) => SeatSource.Subscription({ id })),
    ...Array.from(new Set(order), (id) => SeatSource.Order({ id }))
  ]
  return sources.length > 0
    ? Effect.succeed(sources)
    : end(exitCode.wrongUse, "Name at least one --subscription or --order.")
}
