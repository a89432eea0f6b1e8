import type * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import { identifierOf, Recipient } from "@polar-seats/domain/Assignment"
import { CustomerId, Member } from "@polar-seats/domain/Seat"
import { InvalidRequest, RecipientNotFound } from "@polar-seats/domain/SeatError"
import type { Holder } from "@polar-seats/domain/SeatLifecycle"
import { normalizeEmail } from "../validation/email.ts"
import * as Generate from "./generate.ts"
import { findCustomer, findMember } from "./people.ts"
import { address, type Container, type Customer, makeMember, organizationOf, type PolarModel } from "./polarModel.ts"

const sameEmail = (one: string, other: string): boolean => address(one) === address(other)

const invalid = (type: string, message: string) =>
  Result.fail(new InvalidRequest({ issues: [{ type, path: [], message }] }))

/** The person that a seat is assigned to. The rows of the member and the customer are saved with the assignment. */
interface ResolvedRecipient {
  readonly holder: Holder
  readonly customer: Customer | null
}
type Resolution = Result.Result<ResolvedRecipient, RecipientNotFound | InvalidRequest>

/** Saves the rows of a resolved recipient. It is apart from `resolveRecipient`, because a later refusal must change nothing. */
export const saveRecipient = (model: PolarModel, { customer, holder: { member } }: ResolvedRecipient): void => {
  if (customer !== null) model.customers.set(customer.id, customer)
  model.members.set(member.id, member)
}

/** Finds or makes the person that a seat is assigned to, with or without the member model, as Polar does. Changes nothing. */
export const resolveRecipient = (
  model: PolarModel,
  container: Container,
  recipient: Recipient,
  now: DateTime.Utc
): Resolution => {
  const buyer = container.customer
  const { memberModelEnabled = false, slug = "" } = organizationOf(model, container) ?? {}
  const notFound = Result.fail(new RecipientNotFound({ recipient: identifierOf(recipient) }))

  const asMember = (member: Member): ResolvedRecipient => ({
    holder: { customerId: buyer, member, email: member.email },
    customer: null
  })
  const asKnownMember = (member: Member | undefined): Resolution =>
    member === undefined ? notFound : Result.succeed(asMember(member))
  const asNewMember = (email: string, externalId: string | null, name: string | null) =>
    asMember(makeMember(model, { customer: buyer, email, name, externalId, role: "member" }, now))
  const byAddress = (email: string, name: string | null) => {
    const known = findMember(model, buyer, { email })
    return known === undefined ? asNewMember(email, null, name) : asMember(known)
  }
  // Without the member model the customer holds the seat, and still becomes a member of the buyer
  const asCustomer = (customer: Customer): ResolvedRecipient => {
    const { email, id, name } = customer
    return { holder: { ...byAddress(email, name).holder, customerId: id, email }, customer }
  }

  const byCustomer = (customer: Customer | undefined): Resolution => {
    if (customer !== undefined) {
      return Result.succeed(memberModelEnabled ? byAddress(customer.email, customer.name) : asCustomer(customer))
    }
    const message = "Exactly one of email, external_customer_id, or customer_id must be provided"
    return memberModelEnabled ? invalid("InvalidSeatAssignmentRequest", message) : notFound
  }
  const byEmail = (email: string): ResolvedRecipient => {
    if (memberModelEnabled) return byAddress(email, null)
    const known = findCustomer(model, [slug], { email })
    if (known !== undefined) return asCustomer(known)
    const id = CustomerId.make(Generate.uuid(model.random))
    return asCustomer({ id, organization: slug, email, name: null, externalId: null, createdAt: now })
  }
  const byExternalMember = (externalId: string, email: string | undefined): Resolution => {
    const known = findMember(model, buyer, { externalId })
    if (email === undefined) return asKnownMember(known)
    const other = known ?? findMember(model, buyer, { email })
    if (other === undefined) return Result.succeed(asNewMember(email, externalId, null))
    if (other === known && sameEmail(other.email, email)) return Result.succeed(asMember(other))
    if (other === known || other.externalId !== null) {
      return invalid("MemberEmailMismatch", `Member ${externalId} and the email ${email} belong to different members`)
    }
    return Result.succeed(asMember(new Member({ ...other, externalId, modifiedAt: now })))
  }

  return Recipient.$match(recipient, {
    Email: ({ email }): Resolution => Result.succeed(byEmail(normalizeEmail(email))),
    Customer: ({ id }) => byCustomer(findCustomer(model, [slug], { id })),
    ExternalCustomer: ({ externalId }) => byCustomer(findCustomer(model, [slug], { externalId })),
    Member: ({ id }) => asKnownMember(findMember(model, buyer, { id })),
    ExternalMember: ({ email, externalId }) =>
      byExternalMember(externalId, email === undefined ? undefined : normalizeEmail(email))
  })
}
