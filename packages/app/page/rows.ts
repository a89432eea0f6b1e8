import type { Reissue } from "@polar-seats/invitations/Reissue"
import type { Seat } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import type { Mail } from "./emulatorClient.ts"
import { button, el, makeConfirmation, setBusy, setText } from "./dom.ts"
import { describeLink, formatCountdown, formatHolder, type Note } from "./text.ts"

/** The actions of a seat's buttons. */
export interface SeatActions {
  readonly resend: (seat: Seat) => void
  readonly reissue: (seat: Seat) => void
  readonly revoke: (seat: Seat) => void
  readonly finish: (seat: Seat, reissue: Reissue) => void
}

/** The label of each button while its call runs. */
export const busyLabels = {
  resend: "Resending…",
  reissue: "Reissuing…",
  revoke: "Revoking…",
  finish: "Finishing the reissue…"
}
/** The call that runs for a seat. */
export type Busy = keyof typeof busyLabels

/** Makes the element of a note, with its countdown. */
export const makeNoteView = () => {
  const tag = el("code")
  const text = el("span")
  const wait = el("span", { class: "wait" })
  const element = el("p", { class: "note", tabindex: "-1" }, tag, " ", text, " ", wait)
  element.hidden = true
  return {
    element,
    update: (note: Note | undefined, now: DateTime.Utc) => {
      element.hidden = note === undefined
      if (note === undefined) return
      element.dataset["tone"] = note.tone
      tag.hidden = note.tag === undefined
      setText(tag, note.tag ?? "")
      setText(text, note.text)
      setText(wait, note.until === undefined ? "" : formatCountdown(note.until, DateTime.toEpochMillis(now)))
    }
  }
}

// A screen reader reads this text after the label
const addUnseen = (element: HTMLElement) => element.appendChild(el("span", { class: "unseen" }))

/** Makes the row of a seat: its holder, state, link, buttons and the note of the last call. */
export const makeSeatRow = (actions: SeatActions) => {
  let current: Seat | undefined
  let unfinished: Reissue | undefined
  const withSeat = (act: (seat: Seat) => void) => () => {
    if (current !== undefined) act(current)
  }

  const holder = el("h3")
  const status = el("span", { class: "pill" })
  const link = el("p", { class: "link" })
  const note = makeNoteView()

  const resend = button("Resend", { act: withSeat(actions.resend) })
  const reissue = button("Reissue", { act: withSeat(actions.reissue) })
  const revoke = button("Revoke", { act: () => confirmation.ask(true), kind: "danger" })
  const finish = button("Finish the reissue", {
    act: withSeat((seat) => unfinished !== undefined && actions.finish(seat, unfinished)),
    kind: "primary"
  })
  const names = [resend, reissue, revoke, finish].map(addUnseen)
  const buttons = el("div", { class: "actions" }, finish, resend, reissue, revoke)

  const question = el("span")
  const confirmation = makeConfirmation(buttons, revoke, "Yes, revoke", withSeat(actions.revoke))
  confirmation.element.append(question, confirmation.yes, confirmation.no)

  const element = el("li", { class: "seat" }, el("div", { class: "who" }, holder, status), link, buttons)
  element.append(confirmation.element, note.element)

  return {
    element,
    /** Moves the focus to the note, for when the button that had the focus is hidden. */
    focusNote: () => note.element.focus(),
    update: (seat: Seat, now: DateTime.Utc, busy: Busy | undefined, result: Note | undefined) => {
      current = seat
      unfinished = result?.unfinished
      const holderName = formatHolder(seat)
      const { state, text } = describeLink(seat, now)
      element.dataset["status"] = seat.status
      element.dataset["link"] = state
      element.ariaBusy = busy === undefined ? "false" : "true"
      setText(holder, seat.status === "revoked" ? "Revoked seat" : holderName)
      setText(status, seat.status)
      setText(link, text)
      for (const name of names) setText(name, ` ${seat.status === "revoked" ? "" : holderName}`)
      setText(question, `Revoke the seat of ${holderName}? They lose access, and their link stops working.`)

      const isPending = seat.status === "pending"
      resend.hidden = !isPending
      reissue.hidden = !isPending
      revoke.hidden = seat.status === "revoked"
      finish.hidden = unfinished === undefined
      setBusy(resend, busy !== undefined, busy === "resend" ? busyLabels.resend : "Resend")
      setBusy(reissue, busy !== undefined, busy === "reissue" ? busyLabels.reissue : "Reissue")
      setBusy(revoke, busy !== undefined, busy === "revoke" ? busyLabels.revoke : "Revoke")
      setBusy(finish, busy !== undefined, busy === "finish" ? busyLabels.finish : "Finish the reissue")
      reissue.className = state === "expired" ? "primary" : ""
      if (buttons.hidden && seat.status === "revoked") confirmation.ask(false)
      note.update(result, now)
    }
  }
}

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
