import * as DateTime from "effect/DateTime"
import type { Seat } from "@polar-seats/domain/Seat"
import type { Mail } from "./emulatorClient.ts"
import { button, el, setBusy, setText } from "./dom.ts"
import { makeNoteView } from "./seatRow.ts"
import { describeLink, type Note } from "./text.ts"

/** The state of the link in a mail, judged by its seat and by the mails after it. */
export const describeMailLink = (seat: Seat | undefined, isReplaced: boolean, now: DateTime.Utc) => {
  if (isReplaced) return { state: "dead", text: "Dead link: a later invitation replaced it" }
  if (seat === undefined) return { state: "unknown", text: "" }
  if (seat.status === "claimed") return { state: "used", text: "Used: the seat is claimed" }
  if (seat.status === "revoked") return { state: "dead", text: "Dead link: the seat was revoked" }
  const { state, text } = describeLink(seat, now)
  return state === "expired"
    ? { state: "dead", text: text.replace(/:.*/, "").replace("Link", "Dead link:") }
    : { state, text }
}

/** Makes the row of a mail. The page does not show the token in the claim link, but a button copies the link. */
export const makeMailRow = (mail: Mail, actions: { readonly claim: () => void; readonly copy: () => void }) => {
  const about = `from the mail to ${mail.to}`
  const link = el("p", { class: "link" })
  const note = makeNoteView()
  const claim = button("Claim", { about, act: actions.claim })
  const copy = button("Copy the claim link", { about, act: actions.copy })
  const element = el(
    "li",
    { class: "mail" },
    el(
      "div",
      { class: "who" },
      el("h3", {}, mail.to),
      el("time", { datetime: DateTime.formatIso(mail.sent_at) }, DateTime.formatIso(mail.sent_at).slice(11, 19))
    ),
    el("p", { class: "subject" }, mail.subject),
    link,
    el("div", { class: "actions" }, claim, copy),
    note.element
  )
  return {
    element,
    update: (
      state: ReturnType<typeof describeMailLink>,
      now: DateTime.Utc,
      isBusy: boolean,
      result: Note | undefined
    ) => {
      element.dataset["link"] = state.state
      element.ariaBusy = String(isBusy)
      setText(link, state.text)
      setBusy(claim, isBusy, isBusy ? "Claiming…" : "Claim")
      note.update(result, now)
    }
  }
}
export type MailRow = ReturnType<typeof makeMailRow>
