import type { Reissue } from "@polar-seats/invitations/Reissue"
import type { Seat } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import { button, el, setBusy, setText } from "./dom.ts"
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
  let isAsking = false
  const withSeat = (act: (seat: Seat) => void) => () => {
    if (current !== undefined) act(current)
  }

  const holder = el("h3")
  const status = el("span", { class: "pill" })
  const link = el("p", { class: "link" })
  const note = makeNoteView()

  const resend = button("Resend", { act: withSeat(actions.resend) })
  const reissue = button("Reissue", { act: withSeat(actions.reissue) })
  const revoke = button("Revoke", { act: () => askToRevoke(true), kind: "danger" })
  const finish = button("Finish the reissue", {
    act: withSeat((seat) => unfinished !== undefined && actions.finish(seat, unfinished)),
    kind: "primary"
  })
  const names = [resend, reissue, revoke, finish].map(addUnseen)
  const buttons = el("div", { class: "actions" }, finish, resend, reissue, revoke)

  const question = el("span")
  const no = button("Keep it", { act: () => askToRevoke(false) })
  const yes = button("Yes, revoke", {
    act: withSeat((seat) => {
      askToRevoke(false)
      actions.revoke(seat)
    }),
    kind: "danger"
  })
  const confirmation = el("div", { class: "confirm", role: "group", "aria-label": "Confirm" }, question, yes, no)
  confirmation.hidden = true
  confirmation.addEventListener("keydown", ({ key }) => key === "Escape" && askToRevoke(false))

  const askToRevoke = (asking: boolean) => {
    isAsking = asking
    confirmation.hidden = !asking
    buttons.hidden = asking
    if (asking) no.focus()
    else revoke.focus()
  }

  const element = el("li", { class: "seat" }, el("div", { class: "who" }, holder, status), link, buttons, confirmation)
  element.append(note.element)

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
      if (isAsking && seat.status === "revoked") askToRevoke(false)
      note.update(result, now)
    }
  }
}
export type SeatRow = ReturnType<typeof makeSeatRow>
