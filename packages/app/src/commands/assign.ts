import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import type { Seat } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { encodeSeat } from "@polar-seats/http/SeatJson"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { layerSeats } from "../config/polarLayers.ts"
import { callAndShow } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { readPolarTime } from "../output/polarTime.ts"
import { printErrIfLost, printOut } from "../output/print.ts"
import { printLine, seatFailure, summaryLine } from "../output/seatLines.ts"
import { formatHolder, formatInvitation } from "../output/seatTable.ts"
import type { AssignFlags } from "./flags.ts"
import { requireOne } from "./sourceFlags.ts"

const readAssignmentSource = ({ checkout, order, subscription }: AssignFlags) =>
  requireOne<AssignmentSource>(
    [
      Option.map(subscription, (id) => AssignmentSource.Subscription({ id })),
      Option.map(order, (id) => AssignmentSource.Order({ id })),
      Option.map(checkout, (id) => AssignmentSource.Checkout({ id }))
    ],
    "Name exactly one of --subscription, --order and --checkout."
  )

const readRecipient = ({ customer, email, externalCustomer, externalMember, member }: AssignFlags) =>
  requireOne<Recipient>(
    [
      // With --external-member, --email is the address of that member
      Option.isSome(externalMember) ? Option.none() : Option.map(email, (email) => Recipient.Email({ email })),
      Option.map(customer, (id) => Recipient.Customer({ id })),
      Option.map(externalCustomer, (externalId) => Recipient.ExternalCustomer({ externalId })),
      Option.map(member, (id) => Recipient.Member({ id })),
      Option.map(externalMember, (externalId) =>
        Recipient.ExternalMember({ externalId, email: Option.getOrUndefined(email) })
      )
    ],
    "Name the recipient with exactly one of --email, --customer, --external-customer, --member and " +
      "--external-member. Only --external-member may be combined with --email."
  )

const showAssigned = Effect.fnUntraced(function* (seat: Seat) {
  const { json } = yield* root
  const holder = formatHolder(seat)
  const line =
    seat.status === "claimed"
      ? `${seat.id}: assigned to ${holder}, and claimed`
      : `${seat.id}: assigned to ${holder} (${formatInvitation(seat, yield* readPolarTime)})`
  if (json) {
    yield* printLine({ id: seat.id, outcome: "assigned", seat: encodeSeat(seat) })
    yield* printLine(summaryLine(["assigned"], ["assigned"], false))
  } else yield* printOut(line)
  yield* printErrIfLost(line)
})

/** Assigns a free seat to a person. */
export const run = Effect.fnUntraced(function* (flags: AssignFlags) {
  const source = yield* readAssignmentSource(flags)
  const recipient = yield* readRecipient(flags)
  const assign = Effect.flatMap(Seats, (seats) =>
    seats.assign({
      source,
      recipient,
      metadata: flags.metadata.length > 0 ? Object.fromEntries(flags.metadata) : undefined,
      immediateClaim: flags.immediateClaim ? true : undefined
    })
  )
  yield* callAndShow("Seats.assign", assign, showAssigned, seatFailure("assigned")).pipe(Effect.provide(layerSeats))
})
