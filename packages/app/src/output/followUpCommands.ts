import { Recipient } from "@polar-seats/domain/Assignment"
import type { Seat } from "@polar-seats/domain/Seat"
import type { SeatSource } from "@polar-seats/domain/SeatSource"
import { parseExact } from "@polar-seats/http/SeatJson"
import type { Reissue } from "@polar-seats/invitations/Reissue"
import * as Predicate from "effect/Predicate"
import { replaceHidden, showHidden } from "./print.ts"

const formatSource = ({ _tag, id }: SeatSource) => `--${_tag.toLowerCase()} ${id}`

/** The `polar-seats reissue` command that mails a new link to the holder of a seat. */
export const formatReissueCommand = ({ id, source }: Seat): string =>
  `polar-seats reissue ${id}${source === null ? "" : ` ${formatSource(source)}`}`

const toOctal = (codePoint: number): string =>
  Array.from(new TextEncoder().encode(String.fromCodePoint(codePoint)), (byte) => byte.toString(8).padStart(3, "0"))
    .map((octal) => `\\${octal}`)
    .join("")

const quoteForShell = (word: string): string => {
  if (/^[\w@.+:=-]+$/.test(word)) return word
  if (showHidden(word) === word) return `'${word.replaceAll("'", `'\\''`)}'`
  // A shell reads the word back as it is, although its hidden characters are shown
  return `$'${replaceHidden(word.replace(/[\\']/g, "\\$&"), toOctal)}'`
}

const recipientFlags: (recipient: Recipient) => ReadonlyArray<string> = Recipient.$match({
  Email: ({ email }) => ["--email", email],
  Customer: ({ id }) => ["--customer", id],
  ExternalCustomer: ({ externalId }) => ["--external-customer", externalId],
  Member: ({ id }) => ["--member", id],
  ExternalMember: ({ externalId }) => ["--external-member", externalId]
})

// A text that --metadata would read as JSON is written as a JSON string
const metadataFlag = ([key, value]: readonly [string, unknown]): ReadonlyArray<string> => [
  "--metadata",
  `${key}=${Predicate.isString(value) && !/^\s*(["[{\d-]|true|false|null)/.test(value) ? value : JSON.stringify(value)}`
]

// A number that JavaScript cannot hold is written with all its digits, and --metadata takes it as text
const metadataOf = ({ exactMetadata, metadata }: Reissue) =>
  Object.entries((exactMetadata === undefined ? metadata : parseExact(exactMetadata)) ?? {})

/**
 * The `polar-seats assign` command that does the second half of a reissue. It mails nobody who has an invitation by
 * then, because Polar gives no person two seats.
 */
export const formatAssignCommand = (reissue: Reissue): string =>
  [
    `polar-seats assign ${formatSource(reissue.source)}`,
    ...[...recipientFlags(reissue.assignment.recipient), ...metadataOf(reissue).flatMap(metadataFlag)].map(
      quoteForShell
    )
  ].join(" ")
