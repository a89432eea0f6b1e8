import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import type { CustomerId, MemberId, Seat } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import { printSeat } from "./forEachSeat.ts"
import { ask, end, exitCode, say } from "../output/print.ts"
import * as Polar from "../config/polarLayers.ts"
import { root } from "../globalFlags.ts"
import { describeHolder, describeInvitation } from "../output/seatTable.ts"
import { exactlyOne, type SourceFlags } from "./sourceFlags.ts"

interface Flags extends SourceFlags {
  readonly checkout: Option.Option<string>
  readonly email: Option.Option<string>
  readonly customer: Option.Option<CustomerId>
  readonly externalCustomer: Option.Option<string>
  readonly member: Option.Option<MemberId>
  readonly externalMember: Option.Option<string>
  readonly metadata: ReadonlyArray<readonly [key: string, value: Schema.Json]>
  readonly immediateClaim: boolean
}

const sourceOf = ({ checkout, order, subscription }: Flags) =>
  exactlyOne<AssignmentSource>([
    Option.map(subscription, (id) => AssignmentSource.Subscription({ id })),
    Option.map(order, (id) => AssignmentSource.Order({ id })),
    Option.map(checkout, (id) => AssignmentSource.Checkout({ id }))
  ])

const recipientOf = ({ customer, email, externalCustomer, externalMember, member }: Flags) =>
  exactlyOne<Recipient>([
    // With an external member it is that member's
    Option.isSome(externalMember) ? Option.none() : Option.map(email, (email) => Recipient.Email({ email })),
    Option.map(customer, (id) => Recipient.Customer({ id })),
    Option.map(externalCustomer, (externalId) => Recipient.ExternalCustomer({ externalId })),
    Option.map(member, (id) => Recipient.Member({ id })),
    Option.map(externalMember, (externalId) =>
      Recipient.ExternalMember({ externalId, email: Option.getOrUndefined(email) })
    )
  ])

const tell = Effect.fnUntraced(function* (seat: Seat) {
  const holder = describeHolder(seat)
  yield* say(
    seat.status === "claimed"
      ? `${seat.id}: assigned to ${holder}, and claimed`
      : `${seat.id}: assigned to ${holder} (${describeInvitation(seat, yield* DateTime.now)})`
  )
})

/** Gives a free seat to a person. */
export const run = Effect.fnUntraced(function* (flags: Flags) {
  const { json } = yield* root
  const source = yield* Option.match(sourceOf(flags), {
    onNone: () => end(exitCode.wrongUse, "Name exactly one of --subscription, --order and --checkout."),
    onSome: Effect.succeed
  })
  const recipient = yield* Option.match(recipientOf(flags), {
    onNone: () =>
      end(
        exitCode.wrongUse,
        "Name who gets the seat with exactly one of --email, --customer, --external-customer, --member and " +
          "--external-member; --email may go with the last."
      ),
    onSome: Effect.succeed
  })
  const assign = Effect.flatMap(Seats, (seats) =>
    seats.assign({
      source,
      recipient,
      metadata: flags.metadata.length > 0 ? Object.fromEntries(flags.metadata) : undefined,
      immediateClaim: flags.immediateClaim ? true : undefined
    })
  )
  yield* ask("Seats.assign", assign, json ? printSeat : tell).pipe(Effect.provide(Polar.seats))
})
