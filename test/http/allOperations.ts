import { AssignmentSource, Recipient } from "@polar-seats/domain/Assignment"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource } from "@polar-seats/domain/SeatSource"
import * as CustomerSessions from "@polar-seats/http/CustomerSessions"
import * as SeatClaims from "@polar-seats/http/SeatClaims"
import { Effect, Redacted, Stream } from "effect"
import { buyer, seats, single, subscription } from "../laws/world.ts"

type Services = Seats | SeatClaims.SeatClaims | CustomerSessions.CustomerSessions
export type Operation = Effect.Effect<unknown, { readonly _tag: string }, Services>

const ofSeats = (call: (service: Seats["Service"]) => Effect.Effect<unknown, { readonly _tag: string }>): Operation =>
  Effect.flatMap(Seats, call)
const ofClaims = (
  call: (service: SeatClaims.SeatClaims["Service"]) => Effect.Effect<unknown, { readonly _tag: string }>
): Operation => Effect.flatMap(SeatClaims.SeatClaims, call)

/** One call of each operation. The calls for an invitation get its token. */
export const operations = (invitation: Redacted.Redacted<string>) =>
  ({
    resend: ofSeats((service) => service.resend(seats.live)),
    assign: ofSeats((service) =>
      service.assign({
        source: AssignmentSource.Subscription({ id: single }),
        recipient: Recipient.Email({ email: "zoe@acme.com" })
      })
    ),
    revoke: ofSeats((service) => service.revoke(seats.live)),
    list: ofSeats((service) => service.list(SeatSource.Subscription({ id: subscription }))),
    claimedSubscriptions: ofSeats((service) => Stream.runDrain(service.claimedSubscriptions)),
    info: ofClaims((service) => service.info(invitation)),
    claim: ofClaims((service) => service.claim(invitation)),
    events: ofClaims((service) => Stream.runDrain(service.events(invitation))),
    createSession: Effect.flatMap(CustomerSessions.CustomerSessions, (service) =>
      service.create({ customer: { id: buyer } })
    )
  }) satisfies Record<string, Operation>
