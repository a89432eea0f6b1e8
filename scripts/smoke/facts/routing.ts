import { randomUUID } from "node:crypto"
import { type Ask, ourVersion } from "../exchange.ts"
import { compare, type Expected, type Fact, header, holds, NotChecked, polarError, same } from "../fact.ts"
import { probe } from "./probe.ts"

/** A request that needs no token and changes nothing. */
const claimInfo = (more: Partial<Ask> = {}): Ask => ({
  method: "GET",
  path: "/v1/customer-seats/claim/not-an-invitation",
  ...more
})
const portal = "/v1/customer-portal/seats"
const origin = "https://smoke.example"
const notFound = { status: 404, text: '{"detail":"Not Found"}' }
const noCors = { "polar-version": null, "access-control-allow-origin": null }
const maxBytes = 10_485_760

const preflight = (headers: string): Ask => ({
  method: "OPTIONS",
  path: portal,
  version: null,
  headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": headers }
})

const tooLarge: Expected = {
  status: 413,
  text: polarError("RequestBodyTooLarge", `Request body exceeded the maximum allowed size of ${maxBytes} bytes.`)
}

/** Versions, paths, methods, lengths and CORS: the answers that come before Polar looks at a seat. */
export const routing: ReadonlyArray<Fact> = [
  {
    name: "default-version",
    says: `Polar's default version is ${ourVersion}.`,
    means: "A new version is the default. Read its changes, and decide whether the client's default follows.",
    check: async ({ send }) =>
      same("polar-version", ourVersion, header(await send(claimInfo({ version: null })), "polar-version"))
  },
  {
    name: "known-versions",
    says: "Polar knows the versions 2026-04, 2026-10 and 2027-01.",
    means: "Every call with a version that is gone fails with a 404.",
    check: async ({ send }) => {
      const versions = ["2026-04", "2026-10", "2027-01"]
      const answers: Array<string | undefined> = []
      for (const version of versions) answers.push(header(await send(claimInfo({ version })), "polar-version"))
      return same(
        "polar-version",
        versions,
        answers.map((version) => version ?? null)
      )
    }
  },
  probe(
    "unknown-version",
    "Polar answers an unknown version with 404, without `error`, `polar-version` and CORS headers.",
    "The client takes the answer for a missing seat, or a browser cannot read it.",
    () => claimInfo({ version: "1999-01", headers: { origin } }),
    { ...notFound, headers: noCors }
  ),
  probe(
    "malformed-version",
    "Polar answers a malformed version with the same 404.",
    "The client takes the answer for a missing seat.",
    () => claimInfo({ version: "newest" }),
    { ...notFound, headers: noCors }
  ),
  probe(
    "unknown-path",
    "Polar answers an unknown path with 404, without `error`.",
    "The client takes a wrong base URL for a missing seat.",
    () => ({ method: "GET", path: "/v1/customer-portal/no-such-path" }),
    notFound
  ),
  probe(
    "wrong-method",
    "Polar answers GET for one seat with 405: there is no such operation.",
    "Polar can read one seat now. `Invitations` need not list all seats before it acts.",
    () => ({ method: "GET", path: `${portal}/${randomUUID()}` }),
    { status: 405, text: '{"detail":"Method Not Allowed"}', headers: { allow: "DELETE" } }
  ),
  {
    name: "trailing-slash",
    says: "Polar redirects a path with a slash too many with 307.",
    means: "The client follows no redirect. It never adds a slash, so only other clients notice.",
    check: async ({ send }) => {
      const answer = await send({ method: "GET", path: `${portal}/` })
      const location = URL.parse(header(answer, "location") ?? "")
      return [
        ...compare(answer, { status: 307, text: "" }),
        ...same("location", portal, location?.pathname.slice(-portal.length))
      ]
    }
  },
  probe(
    "missing-length",
    "Polar answers a POST without Content-Length with 411 LengthRequired.",
    "Polar reads such requests now. The transports may stop sending a length of 0.",
    () => ({ method: "POST", path: `${portal}/${randomUUID()}/resend`, contentLength: null }),
    { status: 411, text: polarError("LengthRequired", "A Content-Length header is required.") }
  ),
  {
    name: "too-large",
    says: "Polar answers a body above 10 MiB with 413 RequestBodyTooLarge.",
    means: "`InvalidRequest` for a large request becomes `UnexpectedResponse`.",
    check: async ({ send }) => {
      const ask = { method: "POST", path: portal, contentLength: maxBytes + 1 }
      // A proxy in between may wait for the body, which never comes
      const answer = await Promise.race([send(ask), after(5000)])
      if (answer === undefined) throw new NotChecked("a proxy waits for the whole body")
      return compare(answer, tooLarge)
    }
  },
  {
    name: "cors-exposure",
    says: "Polar lets every origin read an answer, and of its headers `Polar-Version` alone.",
    means:
      "A browser can read other headers than before. If `Date` or `Retry-After` is among them, the client can use it there.",
    check: async ({ send }) =>
      compare(await send(claimInfo({ headers: { origin } })), {
        status: 404,
        headers: {
          "access-control-allow-origin": "*",
          "access-control-expose-headers": "Polar-Version",
          "access-control-allow-credentials": null
        }
      })
  },
  {
    name: "cors-preflight",
    says: "Polar allows a browser to send Authorization, Content-Type and Polar-Version.",
    means: "No browser can call Polar with this client.",
    check: async ({ send }) => {
      const answer = await send(preflight("authorization,content-type,polar-version"))
      const allowed = (header(answer, "access-control-allow-headers") ?? "").toLowerCase().split(/, */)
      return [
        ...compare(answer, { status: 200, headers: { "access-control-allow-origin": "*" } }),
        ...["authorization", "content-type", "polar-version"].flatMap((name) =>
          holds(allowed.includes(name), "access-control-allow-headers", `${name} among them`, allowed.join(", "))
        )
      ]
    }
  },
  probe(
    "cors-other-header",
    "Polar does not allow a browser to send any other header.",
    "A browser may send more now, such as headers for traces.",
    () => preflight("traceparent"),
    { status: 400, text: "Disallowed CORS headers" }
  )
]

const after = (millis: number) =>
  new Promise<undefined>((resolve) => {
    setTimeout(() => resolve(undefined), millis).unref()
  })
