import * as DateTime from "effect/DateTime"
import type { Seat } from "@polar-seats/domain/Seat"
import type { Mail } from "./emulatorClient.ts"
import { button, el, setBusy, setText } from "./dom.ts"
import { noteView } from "./SeatRow.ts"
import { linkOf, type Note } from "./text.ts"

/** What is known of the link in a mail, from its seat and from the mails after it. */
export const linkIn = (seat: Seat | undefined, isReplaced: boolean, now: DateTime.Utc) => {
  if (isReplaced) return { state: "dead", text: "Dead link: a later invitation replaced it" }
  if (seat === undefined) return { state: "unknown", text: "" }
  if (seat.status === "claimed") return { state: "used", text: "Used: the seat is claimed" }
  if (seat.status === "revoked") return { state: "dead", text: "Dead link: the seat was revoked" }
  const { state, text } = linkOf(seat, now)
  return state === "expired"
    ? { state: "dead", text: text.replace(/:.*/, "").replace("Link", "Dead link:") }
    : { state, text }
}

/** One mail, with its claim link. The token in the link is not shown: who needs the link copies it. */
export const make = (mail: Mail, requests: { readonly claim: () => void; readonly copy: () => void }) => {
  const to = `from the mail to ${mail.to}`
  const link = el("p", { class: "link" })
  const note = noteView()
  const claim = button("Claim", requests.claim, { about: to })
  const copy = button("Copy the claim link", requests.copy, { about: to })
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
    update: (known: ReturnType<typeof linkIn>, now: DateTime.Utc, isBusy: boolean, told: Note | undefined) => {
      element.dataset["link"] = known.state
      element.ariaBusy = String(isBusy)
      setText(link, known.text)
      setBusy(claim, isBusy, isBusy ? "Claiming…" : "Claim")
      note.update(told, now)
    }
  }
}
export type MailRow = ReturnType<typeof make>
