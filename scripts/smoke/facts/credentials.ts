import { randomUUID } from "node:crypto"
import type { Ask } from "../exchange.ts"
import { type Fact, NotChecked, polarError } from "../fact.ts"
import { organizationOf, portalOf } from "../run.ts"
import { probe } from "./probe.ts"

const unauthorized = {
  status: 401,
  text: polarError("Unauthorized", "Unauthorized"),
  headers: { "www-authenticate": 'Bearer realm="polar"' }
}
const portal = "/v1/customer-portal/seats"
const organization = "/v1/customer-seats"

/** A resend of a seat that does not exist: whatever the answer is, nobody is mailed. */
const harmless = (seats: string, token?: string): Ask => ({
  method: "POST",
  path: `${seats}/${randomUUID()}/resend`,
  token
})

// Polar writes these two with spaces, unlike its other errors
const oauth = (error: string, description: string) => `{"error": "${error}", "error_description": "${description}"}`
const invalid = "The access token provided is expired, revoked, malformed, or invalid for other reasons."
const higher = "The request requires higher privileges than provided by the access token."

/** The answers to a missing, a bad and a wrong token. */
export const credentials: ReadonlyArray<Fact> = [
  probe(
    "no-token",
    "Polar answers a request without a token with 401 Unauthorized.",
    "`Unauthorized` gives another reason, or becomes `UnexpectedResponse`.",
    () => harmless(portal),
    unauthorized
  ),
  probe(
    "unknown-token",
    "Polar answers an unknown token with 401 invalid_token, which has no detail.",
    "`Unauthorized` does not say any more that the token is expired or bad.",
    () => harmless(portal, `polar_cst_${randomUUID().replaceAll("-", "")}`),
    {
      status: 401,
      text: oauth("invalid_token", invalid),
      headers: {
        "www-authenticate": `Bearer realm="polar", error="invalid_token", error_description="${invalid}"`,
        "cache-control": "no-store",
        pragma: "no-cache"
      }
    }
  ),
  probe(
    "organization-token-on-portal",
    "Polar answers an organization token on the portal with 401 Unauthorized.",
    "`Unauthorized` does not name the kind of token any more that the caller needs.",
    (run) => harmless(portal, organizationOf(run).token),
    unauthorized
  ),
  probe(
    "session-on-organization",
    "Polar answers a customer session on the organization's surface with 401 Unauthorized.",
    "`Unauthorized` does not name the kind of token any more that the caller needs.",
    (run) => harmless(organization, portalOf(run).token),
    unauthorized
  ),
  probe(
    "missing-scope",
    "Polar answers a token without the scope with 403 insufficient_scope, and names the scope.",
    "`Forbidden` does not say any more that the scope is missing.",
    ({ options: { readOnly } }) => {
      if (readOnly === undefined) throw new NotChecked("POLAR_READ_ONLY_TOKEN is not set")
      return harmless(organization, readOnly)
    },
    {
      status: 403,
      text: oauth("insufficient_scope", higher),
      headers: {
        "www-authenticate": `Bearer realm="polar", scope="customer_seats:write", error="insufficient_scope", error_description="${higher}"`
      }
    }
  ),
  probe(
    "unknown-customer",
    "Polar answers a session for an unknown customer with 422 PolarRequestValidationError.",
    "`CustomerSessions.create` fails with another error than `InvalidRequest`.",
    (run) => ({
      method: "POST",
      path: "/v1/customer-sessions/",
      token: organizationOf(run).token,
      body: { customer_id: randomUUID() }
    }),
    { status: 422, json: { error: "PolarRequestValidationError" } }
  )
]
