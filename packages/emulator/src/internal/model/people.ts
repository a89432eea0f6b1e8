import * as Arr from "effect/Array"
import * as Iterable from "effect/Iterable"
import * as Option from "effect/Option"
import type { CustomerId, Member } from "@polar-seats/domain/Seat"
import { address, type Customer, pair, type PolarModel } from "./polarModel.ts"

/** The name that a request gives a customer or a member. */
export type Reference = { readonly id: string } | { readonly externalId: string } | { readonly email: string }

/** The customers of the organizations that a reference means. */
export const findCustomers = (
  { customers }: PolarModel,
  slugs: ReadonlyArray<string>,
  reference: Reference
): Iterable<Customer> => {
  const named =
    "id" in reference
      ? Arr.fromNullishOr(customers.get(reference.id))
      : "email" in reference
        ? customers.where("email", address(reference.email)).values()
        : customers.where("externalId", reference.externalId).values()
  return Iterable.filter(named, ({ organization }) => slugs.includes(organization))
}

/** Finds a customer of one of the organizations. */
export const findCustomer = (
  model: PolarModel,
  slugs: ReadonlyArray<string>,
  reference: Reference
): Customer | undefined => Option.getOrUndefined(Iterable.head(findCustomers(model, slugs, reference)))

/** Finds a member of a customer. */
export const findMember = ({ members }: PolarModel, customer: CustomerId, reference: Reference): Member | undefined => {
  if ("email" in reference) return members.first("email", pair(customer, address(reference.email)))
  if ("externalId" in reference) return members.first("externalId", pair(customer, reference.externalId))
  const row = members.get(reference.id)
  return row?.customerId === customer ? row : undefined
}
