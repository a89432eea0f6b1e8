import type * as DateTime from "effect/DateTime"
import type * as Random from "effect/Random"
import * as Result from "effect/Result"
import { identifierOf, Recipient } from "@polar-seats/domain/Assignment"
import { CustomerId, Member } from "@polar-seats/domain/Seat"
import { InvalidRequest, RecipientNotFound } from "@polar-seats/domain/SeatError"
import type { Holder } from "@polar-seats/domain/SeatLifecycle"
import { makeMember, type Container, type Customer, organizationOf, type Tables } from "./database.ts"
import * as Token from "./generate.ts"

const sameEmail = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

const invalid = (type: string, message: string) => new InvalidRequest({ issues: [{ type, path: [], message }] })

const membersOf = (tables: Tables, customer: CustomerId): ReadonlyArray<Member> =>
  [...tables.members.values()].filter(({ customerId }) => customerId === customer)

/** Whoever a seat is to be assigned to, and the rows that have to be kept once it is: made up, or linked. */
export interface Resolved {
  readonly holder: Holder
  readonly customer: Customer | null
  readonly member: Member | null
}

/** Keeps what `resolve` made up. Apart from it, because a refusal that comes after it must change nothing. */
export const keep = (tables: Tables, { customer, member }: Resolved): void => {
  if (customer !== null) tables.customers.set(customer.id, customer)
  if (member !== null) tables.members.set(member.id, member)
}

/** Finds or makes up whoever a seat is assigned to, with or without the member model, as Polar does. Changes nothing. */
export const resolve = (
  tables: Tables,
  container: Container,
  recipient: Recipient,
  now: DateTime.Utc,
  random: Random.Random
): Result.Result<Resolved, RecipientNotFound | InvalidRequest> => {
  const buyer = container.customer
  const organization = organizationOf(tables, container)
  const notFound = Result.fail(new RecipientNotFound({ recipient: identifierOf(recipient) }))
  const members = membersOf(tables, buyer)
  const memberByEmail = (email: string) => members.find((member) => sameEmail(member.email, email))
  const newMember = (email: string, externalId: string | null, name: string | null = null) =>
    makeMember({ customer: buyer, email, name, externalId, role: "member" }, now, random)
  const customers = [...tables.customers.values()].filter((row) => row.organization === organization?.slug)
  const held = (member: Member): Result.Result<Resolved> =>
    Result.succeed({ holder: { customerId: buyer, member, email: member.email }, customer: null, member: null })
  const kept = (member: Member) => Result.map(held(member), (resolved) => ({ ...resolved, member }))
  const addressed = (email: string, name: string | null) => {
    const known = memberByEmail(email)
    return known === undefined ? kept(newMember(email, null, name)) : held(known)
  }

  // Without the member model the customer holds the seat, and is a member of the buyer's all the same
  const asCustomer = (holder: Customer, customer: Customer | null) =>
    Result.map(addressed(holder.email, holder.name), (resolved): Resolved => ({
      ...resolved,
      holder: { ...resolved.holder, customerId: holder.id, email: holder.email },
      customer
    }))
  const byCustomer = (customer: Customer | undefined) => {
    if (organization?.memberModelEnabled === true) {
      return customer === undefined
        ? Result.fail(
            invalid(
              "InvalidSeatAssignmentRequest",
              "Exactly one of email, external_customer_id, or customer_id must be provided"
            )
          )
        : addressed(customer.email, customer.name)
    }
    return customer === undefined ? notFound : asCustomer(customer, null)
  }

  return Recipient.$match(recipient, {
    Email: ({ email }): Result.Result<Resolved, RecipientNotFound | InvalidRequest> => {
      if (organization?.memberModelEnabled === true) return addressed(email, null)
      const known = customers.find((customer) => sameEmail(customer.email, email))
      if (known !== undefined) return byCustomer(known)
      const id = CustomerId.make(Token.uuid(random))
      const customer = {
        id,
        organization: organization?.slug ?? "",
        email,
        name: null,
        externalId: null,
        createdAt: now
      }
      return asCustomer(customer, customer)
    },
    Customer: ({ id }) => byCustomer(customers.find((customer) => customer.id === id)),
    ExternalCustomer: ({ externalId }) => byCustomer(customers.find((customer) => customer.externalId === externalId)),
    Member: ({ id }) => {
      const member = members.find((member) => member.id === id)
      return member === undefined ? notFound : held(member)
    },
    ExternalMember: ({ email, externalId }) => {
      const known = members.find((member) => member.externalId === externalId)
      if (email === undefined) return known === undefined ? notFound : held(known)
      const mismatch = Result.fail(
        invalid("MemberEmailMismatch", `Member ${externalId} and the email ${email} belong to different members`)
      )
      if (known !== undefined) return sameEmail(known.email, email) ? held(known) : mismatch
      const namesake = memberByEmail(email)
      if (namesake === undefined) return kept(newMember(email, externalId))
      return namesake.externalId === null ? kept(new Member({ ...namesake, externalId, modifiedAt: now })) : mismatch
    }
  })
}
