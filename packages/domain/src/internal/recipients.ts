import type * as DateTime from "effect/DateTime"
import type * as Random from "effect/Random"
import * as Result from "effect/Result"
import { identifierOf, Recipient } from "../Assignment.ts"
import { CustomerId, Member } from "../Seat.ts"
import { InvalidRequest, RecipientNotFound } from "../SeatError.ts"
import type { Holder } from "../SeatLifecycle.ts"
import { addMember, type Container, type Customer, organizationOf, type Tables } from "./tables.ts"
import * as Token from "./token.ts"

const sameEmail = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

const invalid = (type: string, message: string) => new InvalidRequest({ issues: [{ type, path: [], message }] })

const membersOf = (tables: Tables, customer: CustomerId): ReadonlyArray<Member> =>
  [...tables.members.values()].filter(({ customerId }) => customerId === customer)

/** Finds or makes up whoever a seat is assigned to, with or without the member model, as Polar does. */
export const resolve = (
  tables: Tables,
  container: Container,
  recipient: Recipient,
  now: DateTime.Utc,
  random: Random.Random
): Result.Result<Holder, RecipientNotFound | InvalidRequest> => {
  const buyer = container.customer
  const organization = organizationOf(tables, container)
  const notFound = Result.fail(new RecipientNotFound({ recipient: identifierOf(recipient) }))
  const members = membersOf(tables, buyer)
  const memberByEmail = (email: string) => members.find((member) => sameEmail(member.email, email))
  const newMember = (email: string, externalId: string | null, name: string | null = null) =>
    addMember(tables, { customer: buyer, email, name, externalId, role: "member" }, now, random)
  const customers = [...tables.customers.values()].filter((row) => row.organization === organization?.slug)
  const held = (member: Member) => Result.succeed({ customerId: buyer, member, email: member.email })

  const byCustomer = (customer: Customer | undefined): Result.Result<Holder, RecipientNotFound | InvalidRequest> => {
    if (organization?.memberModelEnabled === true) {
      return customer === undefined
        ? Result.fail(
            invalid(
              "InvalidSeatAssignmentRequest",
              "Exactly one of email, external_customer_id, or customer_id must be provided"
            )
          )
        : held(memberByEmail(customer.email) ?? newMember(customer.email, null, customer.name))
    }
    if (customer === undefined) return notFound
    const member = memberByEmail(customer.email) ?? newMember(customer.email, null, customer.name)
    return Result.succeed({ customerId: customer.id, member, email: customer.email })
  }

  return Recipient.$match(recipient, {
    Email: ({ email }) => {
      if (organization?.memberModelEnabled === true) return held(memberByEmail(email) ?? newMember(email, null))
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
      tables.customers.set(id, customer)
      return byCustomer(customer)
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
      const addressed = memberByEmail(email)
      if (addressed === undefined) return held(newMember(email, externalId))
      if (addressed.externalId !== null) return mismatch
      const linked = new Member({ ...addressed, externalId, modifiedAt: now })
      tables.members.set(linked.id, linked)
      return held(linked)
    }
  })
}
