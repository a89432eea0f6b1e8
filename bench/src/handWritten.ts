/**
 * A validator as a patient developer writes it: the checks of the codec by hand, dates as `Date`, the keys renamed. Its
 * errors name the field that failed, and nothing more.
 */

type Fields = { readonly [key: string]: unknown }

const fail = (key: string): never => {
  throw new TypeError(`${key} is not as Polar documents it.`)
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const fieldsOf = (value: unknown, key: string): Fields => (isFields(value) ? value : fail(key))

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/

const string = (value: unknown, key: string): string => (typeof value === "string" ? value : fail(key))
const id = (value: unknown, key: string): string => (typeof value === "string" && uuid.test(value) ? value : fail(key))
const idV4 = (value: unknown, key: string): string =>
  typeof value === "string" && uuidV4.test(value) ? value : fail(key)
const date = (value: unknown, key: string): Date => {
  if (typeof value !== "string" || !iso.test(value)) return fail(key)
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? fail(key) : date
}
const int = (value: unknown, key: string): number =>
  typeof value === "number" && Number.isSafeInteger(value) ? value : fail(key)

const nullOr =
  <A>(check: (value: unknown, key: string) => A) =>
  (value: unknown, key: string): A | null =>
    value === null ? null : check(value, key)
const nullableId = nullOr(id)
const nullableString = nullOr(string)
const nullableDate = nullOr(date)

const memberFrom = (value: unknown) => {
  const fields = fieldsOf(value, "member")
  return {
    id: id(fields["id"], "member.id"),
    createdAt: date(fields["created_at"], "member.created_at"),
    modifiedAt: nullableDate(fields["modified_at"], "member.modified_at"),
    customerId: id(fields["customer_id"], "member.customer_id"),
    email: string(fields["email"], "member.email"),
    name: nullableString(fields["name"], "member.name"),
    externalId: nullableString(fields["external_id"], "member.external_id"),
    role: string(fields["role"], "member.role")
  }
}
const nullableMember = nullOr(memberFrom)
const nullableFields = nullOr(fieldsOf)

const seatFrom = (value: unknown) => {
  const fields = fieldsOf(value, "seat")
  return {
    createdAt: date(fields["created_at"], "created_at"),
    modifiedAt: nullableDate(fields["modified_at"], "modified_at"),
    id: idV4(fields["id"], "id"),
    subscriptionId: nullableId(fields["subscription_id"], "subscription_id"),
    orderId: nullableId(fields["order_id"], "order_id"),
    status: string(fields["status"], "status"),
    customerId: nullableId(fields["customer_id"], "customer_id"),
    memberId: nullableId(fields["member_id"] ?? null, "member_id"),
    member: nullableMember(fields["member"] ?? null, "member"),
    email: nullableString(fields["email"] ?? null, "email"),
    customerEmail: nullableString(fields["customer_email"], "customer_email"),
    invitationTokenExpiresAt: nullableDate(fields["invitation_token_expires_at"], "invitation_token_expires_at"),
    claimedAt: nullableDate(fields["claimed_at"], "claimed_at"),
    revokedAt: nullableDate(fields["revoked_at"], "revoked_at"),
    seatMetadata: nullableFields(fields["seat_metadata"], "seat_metadata")
  }
}

export const seat = (text: string) => seatFrom(JSON.parse(text))

export const list = (text: string) => {
  const fields = fieldsOf(JSON.parse(text), "list")
  const seats = fields["seats"]
  return {
    seats: Array.isArray(seats) ? seats.map(seatFrom) : fail("seats"),
    availableSeats: int(fields["available_seats"], "available_seats"),
    totalSeats: int(fields["total_seats"], "total_seats")
  }
}
