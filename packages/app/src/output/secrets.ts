import * as Context from "effect/Context"

/** A kind of secret, for people: its name, what to do if others saw it, and the variable that a command reads it from. */
export interface SecretKind {
  readonly name: string
  readonly remedy: string
  readonly variable: string
}

const tokenKind = (shape: RegExp, name: string, variable: string) =>
  [shape, { name, remedy: "revoke it", variable }] as const
const invitationKind: SecretKind = {
  name: "an invitation",
  remedy: "reissue its seat",
  variable: "POLAR_INVITATION_TOKEN"
}

// A mail filter puts the link into another one, where its ? is %3F, or -3F at Proofpoint
const tokenOfLink = /(?:[?&;]|[%-](?:25)*(?:3f|26))token(?:=|[%-](?:25)*3d)[\w-]/i

const kinds: ReadonlyArray<readonly [shape: RegExp, kind: SecretKind]> = [
  tokenKind(/polar_[cm]st_\w/i, "the token of a session", "POLAR_CUSTOMER_SESSION"),
  tokenKind(/polar_(?:oat|at_o)_\w/i, "an organization token", "POLAR_ACCESS_TOKEN"),
  tokenKind(/polar_(?:pat|at_u)_\w/i, "a personal token", "POLAR_ACCESS_TOKEN"),
  tokenKind(/(?:whsec|polar_whs)_\w/i, "the secret of a webhook endpoint", "POLAR_WEBHOOK_SECRET"),
  [tokenOfLink, invitationKind]
]

const token = /(?:polar_(?:cst|mst|oat|pat|whs|at_o|at_u)_|whsec_)[\w+/=-]+/gi
const tokenInLink = /((?:[?&;]|[%-](?:25)*(?:3f|26))token(?:=|[%-](?:25)*3d))[\w-]+/gi
// Polar makes 32 random bytes in base64url. An id of the caller's own may look the same
const invitation = /^-{0,2}[\w-]{43}$/
const longWord = /[\w-]{43,}/g

/** The kind of a secret that a text certainly holds. Undefined if it holds none. */
export const findSecret = (text: string): SecretKind | undefined => kinds.find(([shape]) => shape.test(text))?.[1]

/** Whether an argument may be the token of an invitation. */
export const isLikeInvitation = (argument: string): boolean => invitation.test(argument)

/** The kind of a word that may be the token of an invitation. */
export const likelyInvitation: SecretKind = { ...invitationKind, name: "a word like the token of an invitation" }

/** The words of some arguments that may be, or hold, the token of an invitation. */
export const findLongWords = (args: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(args.flatMap((argument) => argument.match(longWord) ?? []).flatMap((word) => [word, word.replace(/^-+/, "")]))

/** The words of the arguments that the printer cuts. */
export const GivenWords = Context.Reference<ReadonlySet<string>>("@polar-seats/app/GivenWords", {
  defaultValue: () => new Set()
})

/** Cuts each secret out of a text by its shape, and each of the words that were given. */
export const cutSecrets = (text: string, given: ReadonlySet<string>): string =>
  Array.from(given).reduce(
    (shown, word) => shown.replaceAll(word, "…"),
    text.replace(token, "…").replace(tokenInLink, "$1…")
  )
