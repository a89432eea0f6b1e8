import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { CustomerId, MemberId } from "@polar-seats/domain/Seat"
import { AmbiguousCustomer } from "@polar-seats/http/CustomerSessions"
import type { Subject } from "./access.ts"
import * as Generate from "./generate.ts"
import { findCustomers, findMember, type Reference } from "./people.ts"
import type { Customer, Organization, PolarModel } from "./polarModel.ts"

/** A session that was created for a customer or a member. */
export interface Session {
  readonly id: string
  readonly token: Redacted.Redacted<string>
  readonly createdAt: DateTime.Utc
  readonly expiresAt: DateTime.Utc
  readonly customer: Customer
  readonly organization: Organization
}

type IdReference = Exclude<Reference, { readonly email: string }>

/** The customer, and perhaps the member, that a session is asked for. */
export interface SessionRequest {
  readonly customer: IdReference
  readonly member?: IdReference | undefined
}

/** Creates a session token, which is valid for one hour. Beyond the bound, the oldest session ends with it. */
export const mintToken = (
  { random, sessions, tokens }: PolarModel,
  holder: { readonly member: MemberId } | { readonly customer: CustomerId },
  now: DateTime.Utc
) => {
  const token = Redacted.make(Generate.sessionToken(random, "member" in holder ? "polar_mst_" : "polar_cst_"))
  const expiresAt = DateTime.addDuration(now, Duration.hours(1))
  tokens.set(Redacted.value(token), { ...holder, token, scopes: [], expiresAt })
  sessions.push(Redacted.value(token))
  return { token, expiresAt }
}

/** Nobody can have the session, because of a field of the request. `input` is what Polar shows as its value. */
class NoHolder extends Data.TaggedError("NoHolder")<{
  readonly field: string
  readonly message: string
  readonly input: string
}> {}

const doesNotExist = (thing: "customer" | "member", reference: IdReference, message: string) =>
  Result.fail(
    "id" in reference
      ? new NoHolder({ field: `${thing}_id`, message, input: reference.id })
      : new NoHolder({ field: `external_${thing}_id`, message, input: reference.externalId })
  )

/** Creates a session like `CustomerSessions.create`: of a member if the organization uses members, otherwise of the customer. */
export const createSession = (
  model: PolarModel,
  subject: Subject,
  { customer: asked, member: askedMember }: SessionRequest,
  now: DateTime.Utc
) =>
  Result.gen(function* () {
    const slugs = subject._tag === "Organization" ? subject.slugs : []
    const [customer, ...others] = findCustomers(model, slugs, asked)
    if (others.length > 0 && "externalId" in asked) {
      return yield* Result.fail(new AmbiguousCustomer({ externalId: asked.externalId }))
    }
    const organization = model.organizations.get(customer?.organization ?? "")
    if (customer === undefined || organization === undefined) {
      return yield* doesNotExist("customer", asked, "Customer does not exist.")
    }
    const member =
      askedMember === undefined
        ? model.members.first("owner", customer.id)
        : findMember(model, customer.id, askedMember)
    if (organization.memberModelEnabled && member === undefined) {
      const message = "No owner member found for this customer."
      return yield* askedMember === undefined
        ? Result.fail(new NoHolder({ field: "customer_id", message, input: customer.id }))
        : doesNotExist("member", askedMember, "Member does not exist for this customer.")
    }
    const isOfMember = organization.memberModelEnabled && member !== undefined
    const holder = isOfMember ? { member: member.id } : { customer: customer.id }
    const minted = mintToken(model, holder, now)
    return { ...minted, id: Generate.uuid(model.random), createdAt: now, customer, organization } satisfies Session
  })
