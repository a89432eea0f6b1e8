import { randomUUID } from "node:crypto"
import type { Ask } from "../exchange.ts"
import { compare, type Fact, holds, member, polarError, same } from "../fact.ts"
import { portalOf, type Run } from "../run.ts"
import { probe } from "./probe.ts"

const invalid = (...issues: ReadonlyArray<unknown>) => ({
  status: 422,
  text: polarError("RequestValidationError", issues)
})
const ruleBroken = (rule: string, input: unknown) =>
  invalid({ type: "value_error", loc: ["body"], msg: `Value error, ${rule}`, input, ctx: { error: {} } })

const resendOf = ({ surface: { seats, token } }: Run, id: string): Ask => ({
  method: "POST",
  path: `${seats}/${id}/resend`,
  token
})
const assignment = ({ surface: { seats, token } }: Run, body?: unknown): Ask => ({
  method: "POST",
  path: seats,
  token,
  body
})
const seatNotFound = { status: 404, text: polarError("ResourceNotFound", "Seat not found") }
const byText = "`InvalidRequest` shows other issues, or becomes `UnexpectedResponse`."
const noIssue = "`NotFound` becomes another error."
const unparsable = "invalid character: found `n` at 1"
const version7 = "0190b5e0-0000-7000-8000-000000000000"
const deadLink = "Invalid or expired invitation token"

/** The refusals of requests that name nothing that exists, or name it wrongly. They change nothing. */
export const requests: ReadonlyArray<Fact> = [
  probe(
    "seat-id-garbage",
    "Polar answers an id that is no UUID with 422 and the issue uuid_parsing.",
    byText,
    (run) => resendOf(run, "not-a-uuid"),
    invalid({
      type: "uuid_parsing",
      loc: ["path", "seat_id"],
      msg: `Input should be a valid UUID, ${unparsable}`,
      input: "not-a-uuid",
      ctx: { error: unparsable }
    })
  ),
  probe(
    "seat-id-version",
    "Polar answers the id of another UUID version with 422 and the issue uuid_version.",
    "Ids of other versions exist. `SeatId` must accept them.",
    (run) => resendOf(run, version7),
    invalid({
      type: "uuid_version",
      loc: ["path", "seat_id"],
      msg: "UUID version 4 expected",
      input: version7,
      ctx: { expected_version: 4 }
    })
  ),
  {
    name: "seat-id-spellings",
    says: "Polar reads a UUID in upper case, without hyphens and as a URN.",
    means: "`SeatId` accepts a spelling that Polar refuses.",
    check: async (run) => {
      const id = randomUUID()
      const spellings = [id.toUpperCase(), id.replaceAll("-", ""), `urn:uuid:${id}`]
      const statuses: Array<number> = []
      for (const spelling of spellings) statuses.push((await run.send(resendOf(run, spelling))).status)
      return same(`the statuses for ${spellings.join(", ")}`, [404, 404, 404], statuses)
    }
  },
  probe(
    "unknown-seat",
    "Polar answers a seat that does not exist with 404 ResourceNotFound.",
    noIssue,
    (run) => resendOf(run, randomUUID()),
    seatNotFound
  ),
  probe(
    "revoke-unknown-seat",
    "Polar answers the revocation of a seat that does not exist in the same way.",
    noIssue,
    ({ surface: { seats, token } }) => ({ method: "DELETE", path: `${seats}/${randomUUID()}`, token }),
    seatNotFound
  ),
  probe(
    "unknown-subscription",
    "Polar answers a list of an unknown subscription with 404 ResourceNotFound.",
    noIssue,
    (run) => {
      const { seats, token } = portalOf(run)
      return { method: "GET", path: `${seats}?subscription_id=${randomUUID()}`, token }
    },
    { status: 404, text: polarError("ResourceNotFound", "Subscription not found") }
  ),
  probe(
    "list-without-source",
    "Polar answers a list without a source with 400 BadRequest.",
    byText,
    ({ surface: { seats, token } }) => ({ method: "GET", path: seats, token }),
    { status: 400, text: polarError("BadRequest", "Either subscription_id or order_id must be provided") }
  ),
  probe(
    "assign-without-source",
    "Polar answers an assignment without a source with 422 and its rule.",
    byText,
    (run) => assignment(run, {}),
    ({ surface: { sources } }) => ruleBroken(`Exactly one of ${sources} must be provided`, {})
  ),
  probe(
    "assign-without-recipient",
    "Polar answers an assignment to nobody with 422 and its rule.",
    byText,
    (run) => assignment(run, { subscription_id: run.options.subscription }),
    ({ options: { subscription } }) =>
      ruleBroken(
        "At least one of email, external_customer_id, customer_id, external_member_id, or member_id must be provided",
        { subscription_id: subscription }
      )
  ),
  probe(
    "assign-without-body",
    "Polar answers an assignment without a body with 422 and the issue missing.",
    byText,
    (run) => assignment(run),
    invalid({ type: "missing", loc: ["body"], msg: "Field required", input: null })
  ),
  {
    name: "json-before-token",
    says: "Polar reads JSON before it looks at the token: bad JSON without one is 422 json_invalid.",
    means: "The order of the checks has changed, and the emulator must follow.",
    check: async ({ send, surface: { seats } }) => {
      const answer = await send({ method: "POST", path: seats, body: "{" })
      const [issue]: ReadonlyArray<unknown> = [member(answer.json, "detail")].flat()
      return [
        ...compare(answer, { status: 422, json: { error: "RequestValidationError" } }),
        ...same(
          "the type and place of the issue",
          ["json_invalid", ["body", 1]],
          [member(issue, "type"), member(issue, "loc")]
        )
      ]
    }
  },
  probe(
    "claim-info-unknown-link",
    "Polar answers a look at an unknown link with 404 ResourceNotFound.",
    "`InvalidInvitation` becomes another error.",
    () => ({ method: "GET", path: "/v1/customer-seats/claim/not-an-invitation" }),
    { status: 404, text: polarError("ResourceNotFound", deadLink) }
  ),
  probe(
    "claim-unknown-link",
    "Polar answers the claim of an unknown link with 400 InvalidInvitationToken.",
    "`InvalidInvitation` becomes another error.",
    () => ({ method: "POST", path: "/v1/customer-seats/claim", body: { invitation_token: "not-an-invitation" } }),
    { status: 400, text: polarError("InvalidInvitationToken", deadLink) }
  ),
  probe(
    "claim-without-link",
    "Polar answers a claim without a link with 422 and the issue missing.",
    byText,
    () => ({ method: "POST", path: "/v1/customer-seats/claim", body: {} }),
    invalid({ type: "missing", loc: ["body", "invitation_token"], msg: "Field required", input: {} })
  ),
  {
    name: "claimed-subscriptions",
    says: "Polar pages through the subscriptions in which the caller has claimed a seat.",
    means: "`Seats.claimedSubscriptions` cannot read its pages.",
    check: async (run) => {
      const { seats, token } = portalOf(run)
      const answer = await run.send({ method: "GET", path: `${seats}/subscriptions`, token })
      const pagination = Object.keys(Object(member(answer.json, "pagination"))).toSorted()
      return [
        ...compare(answer, { status: 200 }),
        ...holds(Array.isArray(member(answer.json, "items")), "items", "a list", member(answer.json, "items")),
        ...same("the keys of pagination", ["max_page", "total_count"], pagination)
      ]
    }
  },
  {
    name: "page-below-one",
    says: "Polar answers a page below 1 with 422.",
    means: byText,
    check: async (run) => {
      const { seats, token } = portalOf(run)
      const answer = await run.send({ method: "GET", path: `${seats}/subscriptions?page=0`, token })
      return compare(answer, { status: 422, json: { error: "RequestValidationError" } })
    }
  }
]
