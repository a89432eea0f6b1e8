import type { Bound } from "./ledger.ts"

const mebibyte = 1024 * 1024

/** The recorded requests. */
export const requests: Bound = { rows: 100_000, bytes: 32 * mebibyte }
/** The characters of a recorded path. */
export const pathLength = 2048
/** The mails in the outbox. */
export const mails: Bound = { rows: 100_000, bytes: 64 * mebibyte }
/** The announcements, and apart from them those that wait for their delivery. */
export const webhooks: Bound = { rows: 50_000, bytes: 32 * mebibyte }
/** The sessions that were created over the API. */
export const sessions: Bound = { rows: 50_000, bytes: 32 * mebibyte }
/** The invitation tokens that no longer open a seat, and are still cut out of paths. */
export const usedInvitations: Bound = { rows: 20_000, bytes: 8 * mebibyte }
/** The callers whose requests are counted for the rate limits. */
export const callers = 10_000
/** The claims that a reader of the claim stream may fall behind. */
export const claimsBehind = 1024

/** How much the body of a request may have. Values are those of JSON: a few bytes of text can take hundreds in memory. */
export interface BodyBound {
  readonly bytes: number
  readonly values: number
}

/** The body of a seed. 100,000 seats take up to 70 MiB and 2,000,000 values. */
export const seedBody: BodyBound = { bytes: 128 * mebibyte, values: 5_000_000 }
/** The body of every other call of the control API. */
export const controlBody: BodyBound = { bytes: 16 * mebibyte, values: 100_000 }
/** The body of a request to Polar. The bytes are Polar's own limit. */
export const polarBody: BodyBound = { bytes: 10_485_760, values: 100_000 }
/** The bodies that arrive or wait for a delay at the same time, in bytes. One up to `smallBody` does not count while it arrives. */
export const bodiesAtOnce = 256 * mebibyte
export const smallBody = 64 * 1024
/** A request that waits for a delay counts as at least this many bytes. */
export const delayedRequest = 16 * 1024

/** The problems of a world that a refusal tells. */
export const worldIssues = 1000
/** The values of a world up to which a refusal tells all wrong types. For a larger one, it tells the first. */
export const smallWorld = 100_000
