import * as Base64Url from "effect/encoding/Base64Url"
import * as Result from "effect/Result"

/** The token of an invitation, and the host of the link that it stood in. */
export interface FoundInvitation {
  readonly token: string
  readonly host: string | undefined
}

// Mail programs and chats put these around a link, also some that nobody sees. None of them stands in a claim link
const around = /[\s\u200B-\u200F\u2060<>"'`()[\]{}|“”„‘’«»]+/
const links = /https?:\/\/[^\s\u200B-\u200F\u2060<>"'`()[\]{}|“”„‘’«»]+/gi
// The token as Polar makes it, and the end of the sentence that it stood in
const tokenShape = /^([\w~-]+(?:\.[\w~-]+)*)[.,;:!?*…]*$/

// The letter after two stars says how many bytes they stand for: A is 2, and _ is 65
const runLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

const formatByte = (byte: number): string =>
  byte < 0x80 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase()}`

const versionThree = "/v3/__"

/**
 * The link inside a link of Proofpoint's version 3, `…/v3/__<link>__;<bytes>!…`. A star in it stands for the next of the bytes,
 * and `**` with a letter for as many of them as the letter says.
 */
const unwrapStars = (link: string): string => {
  const inside = link.slice(link.indexOf(versionThree) + versionThree.length)
  const end = inside.indexOf("__;")
  // The end of a link that was wrapped twice is that of the inner one
  if (end < 0) return inside
  const [encoded = ""] = inside.slice(end + 3).split("!", 1)
  const bytes = Result.getOrElse(Base64Url.decode(encoded), () => new Uint8Array())
  let used = 0
  return inside.slice(0, end).replace(/\*(?:\*([\w-]))?/g, (_, letter: string | undefined) => {
    const from = used
    used += letter === undefined ? 1 : runLetters.indexOf(letter) + 2
    return Array.from(bytes.subarray(from, used), formatByte).join("")
  })
}

/** The link inside a link of Proofpoint's version 2, which writes `%` as `-` and `/` as `_`. */
const unwrapDashes = ({ searchParams }: URL): string | undefined => {
  const inside = searchParams.get("u")?.replaceAll("-", "%").replaceAll("_", "/")
  // The parser of a query is the one that takes a broken code as it is
  return inside === undefined ? undefined : (new URLSearchParams(`u=${inside.replaceAll("&", "%26")}`).get("u") ?? "")
}

const isProofpoint = ({ hostname }: URL): boolean => /^urldefense\.(?:proofpoint\.com|com|us)$/.test(hostname)

/** The links that a link wraps. SafeLinks and others have them in their query, as they are. */
export const unwrapLink = (link: string): ReadonlyArray<string> => {
  const url = URL.parse(link)
  if (url === null) return []
  const inside =
    isProofpoint(url) && url.pathname.startsWith(versionThree)
      ? unwrapStars(link)
      : isProofpoint(url) && url.pathname.startsWith("/v2/")
        ? unwrapDashes(url)
        : undefined
  if (inside !== undefined) return [inside]
  return Array.from(url.searchParams.values()).filter((value) => /^https?:\/\//i.test(value))
}

// A mail may pass several filters, and nobody has so many
const mostWraps = 8

const findInLink = (link: string, wraps = 0): FoundInvitation | undefined => {
  if (wraps > mostWraps) return undefined
  // The outer link may have a token of its own
  for (const inside of unwrapLink(link)) {
    const found = findInLink(unescape(inside), wraps + 1)
    if (found !== undefined) return found
  }
  const url = URL.parse(link)
  const token = tokenShape.exec(url?.searchParams.get("token") ?? "")?.[1]
  return url === null || token === undefined ? undefined : { token, host: url.host }
}

/** Text from the source of a page, in which `&` is `&amp;`. A page inside a page has `&amp;amp;`. */
const unescape = (text: string): string => text.replace(/&(?:amp;)+/gi, "&").replace(/&#(?:38|x26);/gi, "&")

/**
 * Finds the token of an invitation in what a person copied: the token itself or its link, with whatever a mail program, a mail
 * filter or a chat has put around it. Undefined if there is none.
 */
export const findInvitation = (text: string): FoundInvitation | undefined => {
  const given = unescape(text)
  for (const [link] of given.matchAll(links)) {
    const found = findInLink(link)
    if (found !== undefined) return found
  }
  const [word = "", ...others] = given.split(around).filter((word) => word !== "")
  if (others.length > 0 || word.includes("://")) return undefined
  if (word.includes("/")) return findInLink(`https://${word}`)
  const token = tokenShape.exec(word)?.[1]
  return token === undefined ? undefined : { token, host: undefined }
}

// 32 random bytes in base64url
const wholeToken = /^[\w-]{43}$/

/** Whether a token is as long as those that Polar makes. If not, a part of it may be missing. */
export const isWhole = (token: string): boolean => wholeToken.test(token)
