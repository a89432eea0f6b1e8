import type { Seat, SeatId } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import { arrange, button, el, liveRegion, setText } from "./dom.ts"
import type { Mail, Purchase } from "./emulatorClient.ts"
import { apiUrl, now } from "./polarRuntime.ts"
import { describeMailLink, makeMailRow, makeNoteView, makeSeatRow, type SeatActions } from "./rows.ts"
import { busy, claiming, mailNotes, notes, state } from "./state.ts"
import type { Note } from "./text.ts"

const clock = el("span", { class: "clock" })
export const lostNote = makeNoteView()

const welcome = el("p")
export const seedButton = button("Load the demo team")
export const sourceField = el("select", { id: "source", required: "" })
export const tokenField = el("input", {
  id: "token",
  type: "password",
  required: "",
  autocomplete: "off",
  spellcheck: "false",
  "aria-describedby": "token-help"
})
const field = (id: string, label: string, ...content: ReadonlyArray<Node>) =>
  el("div", { class: "field" }, el("label", { for: id }, label), ...content)
export const openForm = el(
  "form",
  { class: "open" },
  field("source", "Subscription or order", sourceField),
  field(
    "token",
    "Session or organization token",
    tokenField,
    el("small", { id: "token-help" }, "A token in your seed. The page keeps it in memory only.")
  ),
  el("button", { type: "submit", class: "primary" }, "Open")
)
export const connectTitle = el("h2", { id: "connect-title", tabindex: "-1" }, "Choose the seats")
export const connectSection = el(
  "section",
  { "aria-labelledby": "connect-title" },
  connectTitle,
  welcome,
  openForm,
  el("div", { class: "actions" }, seedButton)
)

export const seatsTitle = el("h2", { id: "seats-title", tabindex: "-1" }, "Seats")
const summary = el("p", { class: "summary" })
const listNoteView = makeNoteView()
const seatList = el("ul", { class: "seats" })
export const emailField = el("input", {
  id: "email",
  type: "email",
  required: "",
  autocomplete: "off",
  placeholder: "zoe@acme.com"
})
export const assignButton = el("button", { type: "submit", class: "primary" }, "Assign")
const assignNoteView = makeNoteView()
export const assignForm = el(
  "form",
  { class: "assign" },
  field("email", "Assign a seat to", emailField),
  assignButton,
  assignNoteView.element
)
export const leaveButton = button("Show other seats")
const seatsSection = el(
  "section",
  { "aria-labelledby": "seats-title" },
  el("div", { class: "title" }, seatsTitle, leaveButton),
  summary,
  listNoteView.element,
  seatList,
  assignForm
)

const noMails = el("p", { class: "empty" }, "The emulator has sent no mail yet.")
const mailList = el("ul", { class: "mails" })
const outboxSection = el(
  "section",
  { "aria-labelledby": "outbox-title" },
  el("div", { class: "title" }, el("h2", { id: "outbox-title" }, "Outbox")),
  el("p", { class: "summary" }, "The mails that Polar would have sent, newest first. No mail leaves this machine."),
  noMails,
  mailList
)

document.body.append(
  el("header", {}, el("h1", {}, "Seats"), el("p", {}, "An emulator of Polar at ", el("code", {}, apiUrl), ". ", clock)),
  liveRegion,
  el("main", {}, lostNote.element, connectSection, seatsSection, outboxSection)
)

const formatPurchase = ({ buyer, id, kind, product }: Purchase) =>
  `${product ?? "No product"} · ${kind} ${id.slice(0, 8)}${buyer === null ? "" : ` · ${buyer}`}`

const renderConnect = () => {
  connectSection.hidden = state.session !== undefined || state.emulator === undefined
  const purchases = state.emulator?.sold ?? []
  openForm.hidden = purchases.length === 0
  setText(
    welcome,
    purchases.length === 0
      ? "This emulator is empty. Load a demo team, or seed the emulator with a world of your own, and this page shows it."
      : "Choose a purchase, and enter a token that may see its seats."
  )
  seedButton.className = purchases.length === 0 ? "primary" : ""
  const ids = JSON.stringify(purchases)
  if (sourceField.dataset["ids"] !== ids) {
    sourceField.dataset["ids"] = ids
    sourceField.replaceChildren(...purchases.map((each) => el("option", { value: each.id }, formatPurchase(each))))
  }
}

// A note is over if its seat has another holder. A note of success is also over if the seat has another status
const isOver = ({ of, tone }: Note & { readonly of: Seat }, { holderEmail, status }: Seat) =>
  (tone === "done" && status !== of.status) || (status !== "revoked" && holderEmail !== of.holderEmail)

const compareSeats = (a: Seat, b: Seat) =>
  DateTime.toEpochMillis(a.createdAt) - DateTime.toEpochMillis(b.createdAt) || (a.id < b.id ? -1 : 1)

let seatRows = new Map<SeatId, ReturnType<typeof makeSeatRow>>()

const renderSeats = (at: DateTime.Utc, actions: SeatActions) => {
  const { assignNote, emulator, list, listNote, session } = state
  seatsSection.hidden = session === undefined
  const purchase = emulator?.sold.find(({ id }) => id === session?.source.id)
  setText(seatsTitle, purchase?.product == null ? "Seats" : `Seats of ${purchase.product}`)
  summary.hidden = list === undefined && listNote !== undefined
  assignForm.hidden = list === undefined
  setText(summary, list === undefined ? "Reading the list…" : `${list.availableSeats} of ${list.totalSeats} free`)
  listNoteView.update(listNote, at)
  assignNoteView.update(assignNote, at)
  const seats = (list?.seats ?? []).toSorted(compareSeats)
  const rows = seats.map((seat) => {
    const row = seatRows.get(seat.id) ?? makeSeatRow(actions)
    const note = notes.get(seat.id)
    if (note !== undefined && isOver(note, seat)) notes.delete(seat.id)
    row.update(seat, at, busy.get(seat.id), notes.get(seat.id))
    return [seat.id, row] as const
  })
  seatRows = new Map(rows)
  arrange(seatList, seatRows.values())
}

/** Forgets the rows of the seats, for when another session is opened. */
export const clearSeatRows = (): void => seatRows.clear()

/** Whether the focus is in the row of a seat. */
export const hasFocus = (id: SeatId): boolean => seatRows.get(id)?.element.contains(document.activeElement) === true

/** Moves the focus to the note of a seat if the element with the focus is hidden now. */
export const rescueFocus = (id: SeatId): void => {
  if (document.activeElement?.closest("[hidden]") !== null) seatRows.get(id)?.focusNote()
}

/** The actions of a mail's buttons. */
export interface MailActions {
  readonly claim: (mail: Mail, key: string) => void
  readonly copy: (mail: Mail, key: string) => void
}

let mailRows = new Map<string, ReturnType<typeof makeMailRow>>()

const mailKey = (mail: Mail, index: number) =>
  `${index} ${DateTime.toEpochMillis(mail.sent_at)} ${Redacted.value(mail.token)}`

const renderOutbox = (at: DateTime.Utc, actions: MailActions) => {
  const { list, mails } = state
  noMails.hidden = mails.length > 0
  const newest = new Map(mails.map((mail) => [mail.seat_id, Redacted.value(mail.token)]))
  const rows = mails.map((mail, index) => {
    const key = mailKey(mail, index)
    const row =
      mailRows.get(key) ??
      makeMailRow(mail, { claim: () => actions.claim(mail, key), copy: () => actions.copy(mail, key) })
    const seat = list?.seats.find(({ id }) => id === mail.seat_id)
    const isReplaced = newest.get(mail.seat_id) !== Redacted.value(mail.token)
    row.update(describeMailLink(seat, isReplaced, at), at, claiming.has(key), mailNotes.get(key))
    return [key, row] as const
  })
  mailRows = new Map(rows)
  arrange(mailList, Array.from(mailRows.values()).toReversed())
}

/** Shows the state. */
export const renderPage = (actions: SeatActions & MailActions): void => {
  const at = now()
  setText(clock, state.emulator === undefined ? "" : `Its time is ${DateTime.formatIso(at).slice(11, 19)} UTC.`)
  renderConnect()
  renderSeats(at, actions)
  renderOutbox(at, actions)
}
