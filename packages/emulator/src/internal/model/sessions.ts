import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { CustomerId, MemberId } from "@polar-seats/domain/Seat"
import { InvalidRequest } from "@polar-seats/domain/SeatError"
import type { Subject } from "./access.ts"
import type { Customer, Database, Organization } from "./database.ts"
import * as Generate from "./generate.ts"

/** A session that was created for a customer or a member. */
export interface Session {
  readonly id: string
  readonly token: Redacted.Redacted<string>
  readonly createdAt: DateTime.Utc
  readonly expiresAt: DateTime.Utc
  readonly customer: Customer
  readonly organization: Organization
}

/** The customer, and perhaps the member, that a session is asked for. */
export interface SessionRequest {
  readonly customer: { readonly id: string } | { readonly externalId: string }
  readonly member?: { readonly id: string } | { readonly externalId: string } | undefined
}

/** Creates sessions. */
export interface Sessions {
  readonly createSession: (
    subject: Subject,
    request: SessionRequest,
    now: DateTime.Utc
  ) => Result.Result<Session, InvalidRequest>
}

const sessionLifetime = Duration.hours(1)

/** Creates a session token, which is valid for one hour. */
export const mintToken = (
  { tokens }: Database,
  random: Random.Random,
  holder: { readonly member: MemberId } | { readonly customer: CustomerId },
  now: DateTime.Utc
): Redacted.Redacted<string> => {
  const token = Redacted.make(Generate.sessionToken(random, "member" in holder ? "polar_mst_" : "polar_cst_"))
  const expiresAt = DateTime.addDuration(now, sessionLifetime)
  tokens.set(Redacted.value(token), { ...holder, token, scopes: [], expiresAt })
  return token
}

const doesNotExist = (field: string, message: string) =>
  Result.fail(new InvalidRequest({ issues: [{ type: "value_error", path: ["body", field], message }] }))

const isNamed = (
  reference: SessionRequest["customer"],
  row: { readonly id: string; readonly externalId: string | null }
): boolean => ("id" in reference ? row.id === reference.id : row.externalId === reference.externalId)

export const make = (database: Database, random: Random.Random): Sessions => ({
  createSession: (subject, { customer: asked, member: askedMember }, now) =>
    Result.gen(function* () {
      const slugs = subject._tag === "Organization" ? subject.slugs : []
      const customer = [...database.customers.values()].find(
        (row) => slugs.includes(row.organization) && isNamed(asked, row)
      )
      const organization = database.organizations.get(customer?.organization ?? "")
      if (customer === undefined || organization === undefined) {
        return yield* doesNotExist("id" in asked ? "customer_id" : "external_customer_id", "Customer does not exist.")
      }
      const session = (holder: Parameters<typeof mintToken>[2]): Session => ({
        token: mintToken(database, random, holder, now),
        id: Generate.uuid(random),
        createdAt: now,
        expiresAt: DateTime.addDuration(now, sessionLifetime),
        customer,
        organization
      })
      if (!organization.memberModelEnabled) return session({ customer: customer.id })
      const member = [...database.members.values()].find(
        (row) =>
          row.customerId === customer.id &&
          (askedMember === undefined ? row.role === "owner" : isNamed(askedMember, row))
      )
      if (member === undefined) {
        const field = askedMember === undefined || "id" in askedMember ? "member_id" : "external_member_id"
        return yield* doesNotExist(field, "Member does not exist for this customer.")
      }
      return session({ member: member.id })
    })
})
