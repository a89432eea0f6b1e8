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
import { layerSessions } from "../config/polarLayers.ts"
import { callAndShow, endCommand, exitCode } from "../exit.ts"
import { root } from "../globalFlags.ts"
import { printErr, printJsonWithSecret, printSecret } from "../output/print.ts"
import type { SessionFlags } from "./flags.ts"
import { requireOne } from "./sourceFlags.ts"

const printSession = Effect.fnUntraced(function* ({ customerId, expiresAt, token }: CustomerSession) {
  const { json } = yield* root
  const expires_at = Timestamp.format(expiresAt)
  if (json) return yield* printJsonWithSecret({ token: Redacted.value(token), expires_at, customer_id: customerId })
  yield* printSecret(token)
  yield* printErr(`The session is valid until ${expires_at}.`)
})

/** Creates a customer session, and prints its token. */
export const run = Effect.fnUntraced(function* (flags: SessionFlags) {
  const customer = yield* requireOne<CustomerReference>(
    [
      Option.map(flags.customer, (id) => ({ id })),
      Option.map(flags.externalCustomer, (externalId) => ({ externalId }))
    ],
    "Name either a --customer or an --external-customer."
  )
  const [member, ...others] = [
    Option.map(flags.member, (id): MemberReference => ({ id })),
    Option.map(flags.externalMember, (externalId): MemberReference => ({ externalId }))
  ].flatMap(Option.toArray)
  if (others.length > 0) {
    return yield* endCommand(exitCode.wrongUse, "Name a --member or an --external-member, not both.")
  }
  const create = Effect.flatMap(CustomerSessions, (sessions) => sessions.create({ customer, member }))
  yield* callAndShow("CustomerSessions.create", create, printSession).pipe(Effect.provide(layerSessions))
})
