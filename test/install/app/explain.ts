import type { ResendInvitationError, Sent } from "@polar-seats/invitations/Invitations"

/** The answer to the buyer. */
export interface Answer {
  readonly status: number
  readonly message: string
}

const answer = (status: number, message: string): Answer => ({ status, message })
const ours = answer(500, "Something is wrong on our side. Nothing was sent.")

/** Without one of these cases, this is an error of the compiler. */
export const explainError = (error: ResendInvitationError): Answer => {
  switch (error._tag) {
    case "InvalidRequest":
      return answer(404, "This link names no seat.")
    case "NotFound":
      return answer(404, "You have no such seat.")
    case "Unauthorized":
      return answer(401, "Sign in again.")
    case "Forbidden":
      return answer(403, "Ask the owner of your team to resend this invitation.")
    case "AlreadyClaimed":
      return answer(409, "This seat was accepted or revoked already.")
    case "InvitationUnavailable":
      return answer(409, "This seat has no invitation. Revoke it, and assign it again.")
    case "InvitationExpired":
      return answer(
        409,
        "The link of this invitation is dead, so nothing was sent. Revoke the seat, and assign it again."
      )
    case "MailedSomebodyElse":
      return answer(409, "The seat has another holder by now, and the mail went to them.")
    case "MailedRecently":
      return answer(429, "This invitation was sent a moment ago.")
    case "InProgressElsewhere":
      return answer(429, "This invitation is being sent now.")
    case "RateLimited":
      return answer(503, "Too many requests. Nothing was sent. Try again in a minute.")
    case "Unavailable":
      return error.mayHaveHappened
        ? answer(502, "The mail may have gone out. Ask whether it arrived before you send another.")
        : answer(503, "Nothing was sent. Try again.")
    case "JournalError":
    case "UnreadableEntry":
    case "InvalidOption":
      return ours
    // These come from a reissue, and the app never reissues
    case "NoSeatAvailable":
    case "HolderRemoved":
    case "InexactMetadata":
    case "ReissueIncomplete":
    case "RevokedSomebodyElse":
      return ours
  }
}

/** A link may end while its mail is on its way. */
export const explainSent = ({ invitation, seat }: Sent): Answer =>
  invitation._tag === "Expired"
    ? answer(200, `The mail to ${seat.holderEmail} has a dead link. Revoke the seat, and assign it again.`)
    : answer(200, `The invitation was sent to ${seat.holderEmail}.`)
