import type { Reissue } from "@polar-seats/invitations/Reissue"
import type { Seat } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import { button, el, setBusy, setText } from "./dom.ts"
import { countdown, holderOf, linkOf, type Note } from "./text.ts"

/** What can be asked for at a seat. */
export interface Requests {
  readonly resend: (seat: Seat) => void
  readonly reissue: (seat: Seat) => void
  readonly revoke: (seat: Seat) => void
  readonly finish: (seat: Seat, reissue: Reissue) => void
}

/** What each button says while its call is on its way. */
export const doing = {
  resend: "Resending…",
  reissue: "Reissuing…",
  revoke: "Revoking…",
  finish: "Finishing the reissue…"
}
/** What a call at a seat is doing. */
export type Busy = keyof typeof doing

/** A note on the page, with its countdown. */
export const noteView = () => {
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
      setText(wait, note.until === undefined ? "" : countdown(note.until, DateTime.toEpochMillis(now)))
    }
  }
}

/** One seat: who, its state, its link, what can be done, and what came of it. */
export const make = (requests: Requests) => {
  let current: Seat | undefined
  let unfinished: Reissue | undefined
  let isAsking = false
  const withSeat = (act: (seat: Seat) => void) => () => {
    if (current !== undefined) act(current)
  }

  const holder = el("h3")
  const status = el("span", { class: "pill" })
  const link = el("p", { class: "link" })
  const note = noteView()

  const resend = button("Resend", withSeat(requests.resend))
  const reissue = button("Reissue", withSeat(requests.reissue))
  const revoke = button("Revoke", () => ask(true), { kind: "danger" })
  const finish = button(
    "Finish the reissue",
    withSeat((seat) => unfinished !== undefined && requests.finish(seat, unfinished)),
    { kind: "primary" }
  )
  const names = [resend, reissue, revoke, finish].map((each) => {
    const name = el("span", { class: "unseen" })
    each.append(name)
    return name
  })
  const actions = el("div", { class: "actions" }, finish, resend, reissue, revoke)

  const question = el("span")
  const no = button("Keep it", () => ask(false))
  const yes = button(
    "Yes, revoke",
    withSeat((seat) => {
      ask(false)
      requests.revoke(seat)
    }),
    { kind: "danger" }
  )
  const confirmation = el("div", { class: "confirm", role: "group", "aria-label": "Confirm" }, question, yes, no)
  confirmation.hidden = true
  confirmation.addEventListener("keydown", ({ key }) => key === "Escape" && ask(false))

  const ask = (asking: boolean) => {
    isAsking = asking
    confirmation.hidden = !asking
    actions.hidden = asking
    if (asking) no.focus()
    else revoke.focus()
  }

  const element = el("li", { class: "seat" }, el("div", { class: "who" }, holder, status), link, actions, confirmation)
  element.append(note.element)

  return {
    element,
    /** Where the focus goes when the button that had it is gone. */
    focusNote: () => note.element.focus(),
    update: (seat: Seat, now: DateTime.Utc, busy: Busy | undefined, told: Note | undefined) => {
      current = seat
      unfinished = told?.unfinished
      const who = holderOf(seat)
      const { state, text } = linkOf(seat, now)
      element.dataset["status"] = seat.status
      element.dataset["link"] = state
      element.ariaBusy = busy === undefined ? "false" : "true"
      setText(holder, seat.status === "revoked" ? "Revoked seat" : who)
      setText(status, seat.status)
      setText(link, text)
      for (const name of names) setText(name, ` ${seat.status === "revoked" ? "" : who}`)
      setText(question, `Revoke the seat of ${who}? They lose access, and their link dies.`)

      const isPending = seat.status === "pending"
      resend.hidden = !isPending
      reissue.hidden = !isPending
      revoke.hidden = seat.status === "revoked"
      finish.hidden = unfinished === undefined
      setBusy(resend, busy !== undefined, busy === "resend" ? doing.resend : "Resend")
      setBusy(reissue, busy !== undefined, busy === "reissue" ? doing.reissue : "Reissue")
      setBusy(revoke, busy !== undefined, busy === "revoke" ? doing.revoke : "Revoke")
      setBusy(finish, busy !== undefined, busy === "finish" ? doing.finish : "Finish the reissue")
      reissue.className = state === "expired" ? "primary" : ""
      if (isAsking && seat.status === "revoked") ask(false)
      note.update(told, now)
    }
  }
}
export type SeatRow = ReturnType<typeof make>
