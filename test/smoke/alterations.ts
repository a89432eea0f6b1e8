import type { Alter, Answer, Passing } from "./alteringProxy.ts"
import { addresses, organization, session } from "./world.ts"

type Where = (request: Passing, answer: Answer) => boolean
type Change = (answer: Answer) => Answer

const status =
  (status: number): Change =>
  (answer) => ({ ...answer, status })
const header =
  (name: string, value: string | undefined): Change =>
  (answer) => ({ ...answer, headers: { ...answer.headers, [name]: value } })
const replace =
  (from: string | RegExp, to: string): Change =>
  (answer) => ({ ...answer, text: answer.text.replace(from, to) })
const json =
  (change: (body: Record<string, unknown>) => object): Change =>
  (answer) => ({ ...answer, text: JSON.stringify(change(JSON.parse(answer.text))) })
const set = (fields: object): Change => json((body) => ({ ...body, ...fields }))

/** Changes the answer of that number among those that match. */
const nth = (number: number, where: Where, change: Change): (() => Alter) => {
  return () => {
    let count = 0
    return (request, answer) => (where(request, answer) && ++count === number ? change(answer) : answer)
  }
}
const first = (where: Where, change: Change) => nth(1, where, change)
const every =
  (where: Where, change: Change): (() => Alter) =>
  () =>
  (request, answer) =>
    where(request, answer) ? change(answer) : answer

const says =
  (text: string): Where =>
  (_, answer) =>
    answer.text.includes(text)
const and =
  (...conditions: ReadonlyArray<Where>): Where =>
  (request, answer) =>
    conditions.every((condition) => condition(request, answer))
const answered =
  (wanted: number): Where =>
  (_, { status }) =>
    status === wanted
const asked =
  (method: string, path: RegExp): Where =>
  (request) =>
    request.method === method && path.test(request.path)
const sent =
  (text: string): Where =>
  (request) =>
    request.sent.includes(text)
const by =
  (token: string): Where =>
  ({ headers }) =>
    headers["authorization"] === `Bearer ${token}`
const version =
  (wanted: string | undefined): Where =>
  ({ headers }) =>
    headers["polar-version"] === wanted

const claimInfo = asked("GET", /claim\/not-an-invitation$/)
const assigned = and(asked("POST", /^\/v1\/customer-portal\/seats$/), answered(200))
const resent = and(asked("POST", /^\/v1\/customer-portal\/seats\/.*\/resend$/), answered(200))
const resentByOrganization = and(asked("POST", /^\/v1\/customer-seats\/.*\/resend$/), answered(200))
const revoked = and(asked("DELETE", /./), answered(200))
const listed = and(asked("GET", /^\/v1\/customer-portal\/seats\?subscription_id=/), answered(200))
const claimed = asked("POST", /claim$/)
const look = and(asked("GET", /claim\/./), (request, answer) => !claimInfo(request, answer))

const hour = 3_600_000
// Polar writes six digits
const inHours = (hours: number) => new Date(Date.now() + hours * hour).toISOString().replace("Z", "000Z")
const expiringIn = (hours: number): Change => set({ invitation_token_expires_at: inHours(hours) })

type Row = Record<string, unknown>
const rows = (change: (row: Row) => Row): Change =>
  json((body) => ({ ...body, seats: (body["seats"] as ReadonlyArray<Row>).map(change) }))

/** For each fact, one answer of Polar that is changed on purpose. The command has to name that fact, and no other. */
export const alterations: Readonly<Record<string, () => Alter>> = {
  "default-version": first(and(claimInfo, version(undefined)), header("polar-version", "2027-04")),
  "known-versions": first(and(claimInfo, version("2027-01")), header("polar-version", undefined)),
  "unknown-version": first(version("1999-01"), header("access-control-allow-origin", "*")),
  "malformed-version": first(version("newest"), set({ error: "ResourceNotFound" })),
  "unknown-path": first(asked("GET", /no-such-path$/), set({ error: "ResourceNotFound" })),
  "wrong-method": first(answered(405), status(200)),
  "trailing-slash": first(answered(307), header("location", "https://api.polar.sh/v1/customer-portal/seats/")),
  "missing-length": first(answered(411), status(401)),
  "too-large": first(answered(413), replace("10485760", "20971520")),
  "cors-exposure": first(
    (_, { headers }) => headers["access-control-expose-headers"] !== undefined,
    header("access-control-expose-headers", "Polar-Version, Date, Retry-After")
  ),
  "cors-preflight": first(and(asked("OPTIONS", /./), answered(200)), header("access-control-allow-headers", "Accept")),
  "cors-other-header": first(and(asked("OPTIONS", /./), answered(400)), status(200)),
  "no-token": first(and(asked("POST", /resend$/), says("Unauthorized")), header("www-authenticate", undefined)),
  "unknown-token": first(says("invalid_token"), set({ detail: "Invalid token" })),
  "organization-token-on-portal": first(and(by(organization), answered(401)), status(403)),
  "session-on-organization": first(and(by(session), answered(401)), status(404)),
  "missing-scope": first(says("insufficient_scope"), header("www-authenticate", 'Bearer realm="polar"')),
  "unknown-customer": first(says("PolarRequestValidationError"), set({ error: "RequestValidationError" })),
  "seat-id-garbage": first(says("uuid_parsing"), replace("Input should be", "Value must be")),
  "seat-id-version": first(says("uuid_version"), status(404)),
  "seat-id-spellings": first(asked("POST", /urn:uuid/), status(422)),
  "unknown-seat": first(
    and(asked("POST", /seats\/[0-9a-f]{8}-[0-9a-f-]+\/resend$/), answered(404)),
    set({ detail: "No such seat" })
  ),
  "revoke-unknown-seat": first(and(asked("DELETE", /./), answered(404)), status(204)),
  "unknown-subscription": first(says("Subscription not found"), status(403)),
  "list-without-source": first(says("BadRequest"), status(422)),
  "assign-without-source": first(says("Exactly one of"), replace("Exactly one", "One")),
  "assign-without-recipient": first(says("At least one of"), replace("At least one", "One")),
  "assign-without-body": first(
    and(asked("POST", /^\/v1\/customer-portal\/seats$/), says('"missing"')),
    replace('"missing"', '"required"')
  ),
  "json-before-token": first(says("json_invalid"), status(401)),
  "claim-info-unknown-link": every(claimInfo, replace("Invalid or expired", "Unknown")),
  "claim-unknown-link": first(and(claimed, sent("not-an-invitation")), status(404)),
  "claim-without-link": first(and(claimed, says('"missing"')), replace("invitation_token", "token")),
  "claimed-subscriptions": first(
    and(asked("GET", /subscriptions$/), answered(200)),
    json(({ pagination: _, ...body }) => body)
  ),
  "page-below-one": first(asked("GET", /page=0$/), status(200)),
  assign: nth(1, assigned, set({ order_id: "992fae2a-2a17-4b7a-8d9e-e287cf90131b" })),
  "seat-fields": nth(1, assigned, set({ units: null })),
  "link-lifetime": nth(1, assigned, expiringIn(48)),
  list: every(
    and(listed, says(`"email":"${addresses[0]}"`)),
    json((body) => ({ ...body, available_seats: Number(body["available_seats"]) + 1 }))
  ),
  "already-assigned": first(says("SeatAlreadyAssigned"), status(409)),
  resend: nth(1, resent, expiringIn(24.1)),
  "resend-by-organization": nth(1, resentByOrganization, set({ modified_at: inHours(0) })),
  session: first(and(asked("POST", /customer-sessions\/$/), answered(201)), status(200)),
  role: first(says("NotPermitted"), set({ error: "Forbidden" })),
  revoke: nth(1, revoked, set({ member: null })),
  "revoked-in-list": every(
    listed,
    rows((row) => (row["status"] === "revoked" ? { ...row, customer_email: addresses[0] } : row))
  ),
  "revoke-again": nth(2, revoked, set({ revoked_at: inHours(1) })),
  "resend-revoked": nth(1, says("SeatNotPending"), set({ error: "SeatRevoked" })),
  "row-reuse": nth(2, assigned, set({ created_at: inHours(0) })),
  "new-link": nth(2, assigned, expiringIn(1)),
  "old-link": nth(1, and(look, answered(404)), status(410)),
  claim: first(
    and(claimed, answered(200)),
    json((body) => ({ ...body, seat: { ...(body["seat"] as object), status: "pending" } }))
  ),
  "immediate-claim": first(and(assigned, sent("immediate_claim")), expiringIn(24)),
  "resend-claimed": nth(2, says("SeatNotPending"), set({ error: "SeatAlreadyClaimed" })),
  "no-seat-left": first(says("SeatNotAvailable"), set({ error: "NoSeatLeft" })),
  "dead-link": nth(2, resent, expiringIn(24)),
  // After two assignments in the life of a seat, and two that fill the subscription
  "date-follows-clock": nth(5, assigned, header("date", new Date().toUTCString())),
  "dead-link-claim": first(
    and(claimed, answered(400), (request) => !request.sent.includes("not-an-invitation")),
    status(200)
  ),
  "rate-limit": first(answered(429), (answer) => ({ ...answer, text: "Too many requests" })),
  date: first(asked("GET", /no-such-path$/), header("date", undefined))
}
