import { CustomerId, MemberId, SeatId } from "@polar-seats/domain/Seat"
import { OrderId, SubscriptionId } from "@polar-seats/domain/SeatSource"
import type { WorldInput } from "@polar-seats/emulator/World"

/** The instant at which the laws start. The times of the world below are relative to it. */
export const start = "2026-11-23T12:00:00Z"

export const buyer = CustomerId.make("992fae2a-2a17-4b7a-8d9e-e287cf90131b")
export const subscription = SubscriptionId.make("e5149aae-e521-42b9-b24c-abb3d71eea2e")
export const order = OrderId.make("3b0c1b0e-0f59-4f5a-8f3e-0d4b9d3f7a10")
export const withoutProduct = OrderId.make("5a1d2c3b-4e5f-4a6b-8c7d-9e0f1a2b3c4d")
export const strangersSubscription = SubscriptionId.make("c7f1d9a2-6b3e-4d58-9a47-2e8b5c0f1d36")
export const ofGlobex = SubscriptionId.make("b1d7a0c4-3f0e-4a53-9c37-5d0f6f4a8e21")
export const full = SubscriptionId.make("a7c3e1d5-9b2f-4680-8d4e-6f1a3c5b7d90")
export const single = SubscriptionId.make("09ab12cd-34ef-4567-89ab-cdef01234567")
export const unpaid = OrderId.make("2c4e6a80-1b3d-4f5a-9c7e-8d0b2f4a6c1e")
export const ofOldOrganization = SubscriptionId.make("6f5e4d3c-2b1a-4098-8765-43210fedcba9")
export const checkout = "18f2a4c6-5e7d-4b90-a1c3-e5f7d9b08264"
/** The ids of two organizations. */
export const acme = "3f9a2c1e-7b4d-4e86-a1c5-9d0b8e7f6a52"
export const globex = "8c5d1e7f-2a3b-4c69-b8d4-0e1f2a3b4c5d"
/** The id of ours that a customer of Acme and one of Globex have. */
export const sharedExternalId = "shared-1"
export const unknown = "30c81c46-a35c-4411-a5fb-c1191a0a52ef"

export const seats = {
  live: SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"),
  expired: SeatId.make("6bc1bee2-2e40-4f96-b93d-7e117393172a"),
  unlimited: SeatId.make("874d6191-b620-43e3-bef6-826814de7c4e"),
  claimed: SeatId.make("2b7e1516-28ae-4d2a-abf7-158809cf4f3c"),
  revoked: SeatId.make("f69f2445-df4f-4b17-ad2b-417be66c3710"),
  withoutToken: SeatId.make("ae2d8a57-1e03-4c9c-9eb7-6fac45af8e51"),
  withoutRecipient: SeatId.make("3ad77bb4-0d7a-4660-a89e-caf32466ef97"),
  memberOnly: SeatId.make("f5d3d585-03b9-4699-9e78-5895a96fdbaf"),
  customerOnly: SeatId.make("43b1cd7f-598e-4e23-881b-00e3ed030688"),
  ofOrder: SeatId.make("7b0c785e-27e8-4d3f-8223-207104725dd4"),
  withoutProduct: SeatId.make("1e9a3b5c-7d2f-4e61-8b40-5c6d7e8f9a0b"),
  strangers: SeatId.make("d8e2c1b0-a9f8-4e7d-8c6b-5a4f3e2d1c0b"),
  ofGlobex: SeatId.make("5f4e3d2c-1b0a-4f9e-8d7c-6b5a49382716"),
  revokedWithoutProduct: SeatId.make("c0d1e2f3-a4b5-4c6d-8e7f-901a2b3c4d5e"),
  ofFull: SeatId.make("e7d6c5b4-a392-4817-8605-f4e3d2c1b0af")
} as const

export const ben = MemberId.make("0d3c6c3e-5f0b-4c53-9e7c-1b9f6a3d2e10")
export const manager = MemberId.make("8b2f4c6d-1a3e-4b5c-9d7f-0e1a2b3c4d5e")
export const holder = CustomerId.make("e1f2a3b4-c5d6-4e7f-8a9b-0c1d2e3f4a50")
const stranger = "7c5f5ad1-6a53-4a1b-8d5f-2a6f0d1c9b44"
export const globexBuyer = CustomerId.make("1f0e2d3c-4b5a-4968-8776-95a4b3c2d1e0")
const product = "4d0b5cbb-1c3a-4a2e-8f0a-6b7c8d9e0f1a"
const globexProduct = "5e1c6dcc-2d4b-4b3f-9a1b-7c8d9e0f1a2b"

/** A token for each kind of caller. */
export const tokens = {
  customer: "polar_cst_customer",
  owner: "polar_mst_owner",
  billingManager: "polar_mst_manager",
  member: "polar_mst_member",
  otherCustomer: "polar_cst_other",
  globexCustomer: "polar_cst_globex",
  organization: "polar_oat_acme",
  organizationReader: "polar_oat_reader",
  organizationWriter: "polar_oat_writer",
  globex: "polar_oat_globex",
  organizationExpired: "polar_oat_expired",
  organizationUnknown: "polar_oat_unknown",
  sessions: "polar_oat_sessions",
  oldSessions: "polar_oat_old_sessions",
  oldOrganization: "polar_oat_old",
  oldCustomer: "polar_cst_old",
  user: "polar_pat_someone",
  userOfBoth: "polar_pat_both",
  oauthOfBoth: "polar_at_u_both",
  registration: "polar_crt_anyone",
  expired: "polar_cst_expired",
  unknown: "polar_cst_unknown"
} as const

const owner = "6d5c4b3a-2918-4706-95f4-e3d2c1b0a9f8"
const oldBuyer = "5b6a7988-8776-4655-b443-322110ffeedd"
export const lena = CustomerId.make("4a5b6c7d-8e9f-4a0b-9c1d-2e3f4a5b6c7d")
const oldProduct = "7d6e5f40-3122-4130-8f0e-1d2c3b4a5968"
const live = "2026-11-24T06:00:00.123456Z"
const seat = { subscriptionId: subscription, customerId: buyer, createdAt: "2026-11-22T06:00:00Z" }

/** One seat of each kind, and one caller of each kind. */
export const world: WorldInput = {
  organizations: [
    { id: acme, slug: "acme", name: "Acme" },
    { id: globex, slug: "globex", name: "Globex" },
    { slug: "old", memberModelEnabled: false }
  ],
  products: [
    { id: product, organization: "acme", name: "Acme Pro" },
    { id: globexProduct, organization: "globex", name: "Globex Pro" },
    { id: oldProduct, organization: "old", name: "Old" }
  ],
  customers: [
    { id: buyer, organization: "acme", email: "billing@acme.com" },
    { id: holder, organization: "acme", email: "holder@acme.com", externalId: sharedExternalId },
    { id: stranger, organization: "acme", email: "someone@example.com" },
    { id: globexBuyer, organization: "globex", email: "nobody@example.com", externalId: sharedExternalId },
    { id: oldBuyer, organization: "old", email: "billing@old.com" },
    { id: lena, organization: "old", email: "lena@old.com", name: "Lena", externalId: "lena-1" }
  ],
  members: [
    { id: owner, customer: buyer, email: "olga@acme.com", role: "owner" },
    { id: manager, customer: buyer, email: "max@acme.com", role: "billing_manager" },
    { id: ben, customer: buyer, email: "ben@acme.com", name: "Ben", externalId: "ben-1" }
  ],
  subscriptions: [
    { id: subscription, product, customer: buyer, seats: 10, checkoutId: checkout },
    { id: full, product, customer: buyer, seats: 1 },
    { id: single, product, customer: buyer, seats: 1 },
    { id: ofOldOrganization, product: oldProduct, customer: oldBuyer, seats: 5 },
    { id: strangersSubscription, product, customer: stranger, seats: 1 },
    { id: ofGlobex, product: globexProduct, customer: globexBuyer, seats: 2 }
  ],
  orders: [
    { id: order, product, customer: buyer, seats: 1 },
    { id: unpaid, product, customer: buyer, seats: 1, status: "pending" },
    { id: withoutProduct, product: null, customer: buyer, seats: 1 }
  ],
  seats: [
    {
      ...seat,
      id: seats.ofFull,
      subscriptionId: full,
      status: "pending",
      email: "fay@acme.com",
      invitationToken: "full",
      invitationTokenExpiresAt: live
    },
    {
      ...seat,
      id: seats.revokedWithoutProduct,
      subscriptionId: null,
      orderId: withoutProduct,
      status: "revoked",
      customerId: null,
      revokedAt: "2026-11-22T08:00:00Z"
    },
    {
      ...seat,
      id: seats.live,
      status: "pending",
      email: "ann@acme.com",
      invitationToken: "live",
      invitationTokenExpiresAt: live
    },
    {
      ...seat,
      id: seats.expired,
      status: "pending",
      email: "eve@acme.com",
      invitationToken: "expired",
      invitationTokenExpiresAt: "2026-11-23T06:00:00Z"
    },
    { ...seat, id: seats.unlimited, status: "pending", email: "uli@acme.com", invitationToken: "unlimited" },
    {
      ...seat,
      id: seats.claimed,
      status: "claimed",
      email: "ben@acme.com",
      memberId: ben,
      claimedAt: "2026-11-22T07:00:00Z",
      seatMetadata: { team: "core" }
    },
    { ...seat, id: seats.revoked, status: "revoked", customerId: null, revokedAt: "2026-11-22T08:00:00Z" },
    { ...seat, id: seats.withoutToken, status: "pending", email: "dan@acme.com", invitationTokenExpiresAt: live },
    { ...seat, id: seats.withoutRecipient, status: "pending", customerId: null, invitationToken: "recipient" },
    { ...seat, id: seats.memberOnly, status: "pending", memberId: ben, invitationToken: "member" },
    { ...seat, id: seats.customerOnly, status: "pending", customerId: holder, invitationToken: "customer" },
    {
      ...seat,
      id: seats.ofOrder,
      subscriptionId: null,
      orderId: order,
      status: "pending",
      email: "ora@acme.com",
      invitationToken: "order"
    },
    {
      ...seat,
      id: seats.withoutProduct,
      subscriptionId: null,
      orderId: withoutProduct,
      status: "pending",
      email: "pia@acme.com",
      invitationToken: "product"
    },
    {
      ...seat,
      id: seats.strangers,
      subscriptionId: strangersSubscription,
      status: "pending",
      email: "sam@example.com",
      invitationToken: "stranger"
    },
    {
      ...seat,
      id: seats.ofGlobex,
      subscriptionId: ofGlobex,
      customerId: globexBuyer,
      status: "pending",
      email: "wim@example.com",
      invitationToken: "globex"
    },
    {
      ...seat,
      subscriptionId: ofOldOrganization,
      customerId: null,
      status: "pending",
      email: "odd@old.com",
      invitationToken: "odd"
    }
  ],
  tokens: [
    { token: tokens.organizationReader, organization: "acme", scopes: ["customer_seats:read"] },
    { token: tokens.organizationWriter, organization: "acme", scopes: ["customer_seats:write"] },
    { token: tokens.globex, organization: "globex", scopes: ["customer_seats:read", "customer_seats:write"] },
    { token: tokens.organizationExpired, organization: "acme", expiresAt: "2026-11-23T11:59:59Z" },
    { token: tokens.oldOrganization, organization: "old", scopes: ["customer_seats:read", "customer_seats:write"] },
    { token: tokens.oldCustomer, customer: oldBuyer },
    { token: tokens.sessions, organization: "acme", scopes: ["customer_sessions:write"] },
    { token: tokens.oldSessions, organization: "old", scopes: ["customer_sessions:write"] },
    { token: tokens.customer, customer: buyer },
    { token: tokens.owner, member: owner },
    { token: tokens.billingManager, member: manager },
    { token: tokens.member, member: ben },
    { token: tokens.otherCustomer, customer: stranger },
    { token: tokens.globexCustomer, customer: globexBuyer },
    { token: tokens.organization, organization: "acme", scopes: ["customer_seats:read", "customer_seats:write"] },
    ...[tokens.userOfBoth, tokens.oauthOfBoth].map((token) => ({
      token,
      userOf: ["acme", "globex"],
      scopes: ["customer_seats:read", "customer_seats:write", "customer_sessions:write"] as const
    })),
    { token: tokens.user, userOf: ["acme"], scopes: ["customer_seats:read", "customer_seats:write"] },
    { token: tokens.expired, customer: buyer, expiresAt: "2026-11-23T11:59:59Z" }
  ]
}
