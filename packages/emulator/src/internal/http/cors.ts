import type * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

const methods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
const headers = ["Accept", "Accept-Language", "Authorization", "Content-Language", "Content-Type", "Polar-Version"]
const allowedHeaders = new Set(headers.map((name) => name.toLowerCase()))

const preflightHeaders = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": methods.join(", "),
  "access-control-max-age": "600",
  "access-control-allow-headers": headers.join(", ")
}

const contentType = "text/plain; charset=utf-8"

/** The answer to a CORS preflight. Undefined if the request is not one. */
export const preflight = (
  request: HttpServerRequest.HttpServerRequest
): HttpServerResponse.HttpServerResponse | undefined => {
  const { origin, "access-control-request-headers": wanted, "access-control-request-method": method } = request.headers
  if (origin === undefined || method === undefined || request.method !== "OPTIONS") return undefined
  const failures = [
    ...(methods.includes(method) ? [] : ["method"]),
    ...(wanted === undefined || wanted.split(",").every((name) => allowedHeaders.has(name.trim().toLowerCase()))
      ? []
      : ["headers"])
  ]
  return failures.length === 0
    ? HttpServerResponse.text("OK", { contentType, headers: preflightHeaders })
    : HttpServerResponse.text(`Disallowed CORS ${failures.join(", ")}`, {
        status: 400,
        contentType,
        headers: preflightHeaders
      })
}

/** The CORS headers of every other answer to a browser on another origin. */
export const headersFor = (request: HttpServerRequest.HttpServerRequest): Readonly<Record<string, string>> =>
  request.headers["origin"] === undefined
    ? {}
    : { "access-control-allow-origin": "*", "access-control-expose-headers": "Polar-Version" }
