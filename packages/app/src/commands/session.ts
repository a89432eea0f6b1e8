import type { CustomerId, MemberId } from "@polar-seats/domain/Seat"
import * as Timestamp from "@polar-seats/domain/Timestamp"
import {
  type CustomerReference,
  type CustomerSession,
  CustomerSessions,
  type MemberReference
} from "@polar-seats/http/CustomerSessions"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { ask, complain, end, exitCode, printJson, say } from "../output/print.ts"
import * as Polar from "../config/polarLayers.ts"
import { root } from "../globalFlags.ts"
import { exactlyOne } from "./sourceFlags.ts"

interface Flags {
  readonly customer: Option.Option<CustomerId>
  readonly externalCustomer: Option.Option<string>
  readonly member: Option.Option<MemberId>
  readonly externalMember: Option.Option<string>
}

const show = Effect.fnUntraced(function* ({ customerId, expiresAt, token }: CustomerSession) {
  const { json } = yield* root
  const secret = Redacted.value(token)
  const expires_at = Timestamp.format(expiresAt)
  if (json) return yield* printJson(JSON.stringify({ token: secret, expires_at, customer_id: customerId }))
  yield* say(secret)
  yield* complain(`The session is good until ${expires_at}.`)
})

/** Creates a session on the customer portal, and prints its token. */
export const run = Effect.fnUntraced(function* (flags: Flags) {
  const customer = yield* Option.match(
    exactlyOne<CustomerReference>([
      Option.map(flags.customer, (id) => ({ id })),
      Option.map(flags.externalCustomer, (externalId) => ({ externalId }))
    ]),
    {
      onNone: () => end(exitCode.wrongUse, "Name either a --customer or an --external-customer."),
      onSome: Effect.succeed
    }
  )
  if (Option.isSome(flags.member) && Option.isSome(flags.externalMember)) {
    return yield* end(exitCode.wrongUse, "Name a --member or an --external-member, not both.")
  }
  const member = exactlyOne<MemberReference>([
    Option.map(flags.member, (id) => ({ id })),
    Option.map(flags.externalMember, (externalId) => ({ externalId }))
  ])
  const create = Effect.flatMap(CustomerSessions, (sessions) =>
    sessions.create({ customer, member: Option.getOrUndefined(member) })
  )
  yield* ask("CustomerSessions.create", create, show).pipe(Effect.provide(Polar.sessions))
})
