import { Recipient } from "@polar-seats/domain/Assignment"
import { Invitations } from "@polar-seats/invitations/Invitations"
import type { Reissue } from "@polar-seats/invitations/Reissue"
import type { Seat, SeatId, SeatsList } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { OrderId, SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { SeatClaims } from "@polar-seats/http/SeatClaims"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Latch from "effect/Latch"
import * as Redacted from "effect/Redacted"
import * as Control from "./emulatorClient.ts"
import * as Demo from "./demo.ts"
import { announce, arrange, button, el, liveRegion, setBusy, setText } from "./dom.ts"
import * as MailRow from "./MailRow.ts"
import * as SeatRow from "./SeatRow.ts"
import { api, now, open, type Services, type Session, setTime } from "./polarRuntime.ts"
import { failure, holderOf, type Note, sent } from "./text.ts"

// What is known

let known: Control.Knowledge | undefined
let mails: ReadonlyArray<Control.Mail> = []
let session: Session | undefined
let list: SeatsList | undefined
let listNote: Note | undefined
/** What came of the last assignment. */
let assigned: Note | undefined
/** What the list was read after: it is read again when that has changed, and now and then. */
let listedAfter = ""
let listedAt = 0
let isListing = false
/** Something happened while the list was on its way, so that it may be from before. */
let isOutdated = false

const rows = new Map<SeatId, SeatRow.SeatRow>()
const busy = new Map<SeatId, SeatRow.Busy>()
/** With the seat that each was told of, as it was. */
const notes = new Map<SeatId, Note & { readonly of: Seat }>()

const mailRows = new Map<string, MailRow.MailRow>()
const claiming = new Set<string>()
const mailNotes = new Map<string, Note>()

// The page

const clock = el("span", { class: "clock" })
const lost = SeatRow.noteView()

const welcome = el("p")
const seedButton = button("Load the demo team", () => (known?.sold.length === 0 ? loadDemo() : askForDemo(true)))
const seedQuestion = el(
  "div",
  { class: "confirm", role: "group", "aria-label": "Confirm" },
  el("span", {}, "This replaces everything that the emulator holds."),
  button("Keep it", () => askForDemo(false)),
  button("Yes, replace it", () => loadDemo(), { kind: "danger" })
)
seedQuestion.hidden = true
seedQuestion.addEventListener("keydown", ({ key }) => key === "Escape" && askForDemo(false))
const sourceField = el("select", { id: "source", required: "" })
const tokenField = el("input", {
  id: "token",
  type: "password",
  required: "",
  autocomplete: "off",
  spellcheck: "false",
  "aria-describedby": "token-help"
})
const openButton = el("button", { type: "submit", class: "primary" }, "Open")
const openNote = SeatRow.noteView()
const openForm = el(
  "form",
  { class: "open" },
  el("div", { class: "field" }, el("label", { for: "source" }, "Subscription or order"), sourceField),
  el(
    "div",
    { class: "field" },
    el("label", { for: "token" }, "Session or organization token"),
    tokenField,
    el(
      "small",
      { id: "token-help" },
      "One of the tokens in your seed. It stays in this page's memory and is gone with it."
    )
  ),
  openButton,
  openNote.element
)
const connect = el(
  "section",
  { "aria-labelledby": "connect-title" },
  el("h2", { id: "connect-title", tabindex: "-1" }, "Which seats?"),
  welcome,
  openForm,
  el("div", { class: "actions" }, seedButton),
  seedQuestion
)

const seatsTitle = el("h2", { id: "seats-title", tabindex: "-1" }, "Seats")
const summary = el("p", { class: "summary" })
const listNoteView = SeatRow.noteView()
const seatList = el("ul", { class: "seats" })
const emailField = el("input", {
  id: "email",
  type: "email",
  required: "",
  autocomplete: "off",
  placeholder: "zoe@acme.com"
})
const assignButton = el("button", { type: "submit", class: "primary" }, "Assign")
const assignNote = SeatRow.noteView()
const assignForm = el(
  "form",
  { class: "assign" },
  el("div", { class: "field" }, el("label", { for: "email" }, "Give a seat to"), emailField),
  assignButton,
  assignNote.element
)
const other = button("Look at other seats", () => leave())
const seatsSection = el(
  "section",
  { "aria-labelledby": "seats-title" },
  el("div", { class: "title" }, seatsTitle, other),
  summary,
  listNoteView.element,
  seatList,
  assignForm
)

const noMails = el("p", { class: "empty" }, "No mail went out yet.")
const mailList = el("ul", { class: "mails" })
const outboxSection = el(
  "section",
  { "aria-labelledby": "outbox-title" },
  el("div", { class: "title" }, el("h2", { id: "outbox-title" }, "Outbox")),
  el("p", { class: "summary" }, "What Polar would have mailed, newest first. Nothing leaves this machine."),
  noMails,
  mailList
)

document.body.append(
  el(
    "header",
    {},
    el("h1", {}, "Seats"),
    el("p", {}, "An emulator of Polar, called at ", el("code", {}, api), ". ", clock)
  ),
  liveRegion,
  el("main", {}, lost.element, connect, seatsSection, outboxSection)
)

// What it shows

const nameOf = ({ buyer, id, kind, product }: Control.Sold) =>
  `${product ?? "No product"} · ${kind} ${id.slice(0, 8)}${buyer === null ? "" : ` · ${buyer}`}`

const showConnect = () => {
  connect.hidden = session !== undefined || known === undefined
  const sold = known?.sold ?? []
  openForm.hidden = sold.length === 0
  setText(
    welcome,
    sold.length === 0
      ? "This emulator is empty. Load a team to try things with, or seed it with a world of your own: this page notices."
      : "Choose what was bought, and act with a token that may see it."
  )
  seedButton.className = sold.length === 0 ? "primary" : ""
  const ids = JSON.stringify(sold)
  if (sourceField.dataset["ids"] !== ids) {
    sourceField.dataset["ids"] = ids
    sourceField.replaceChildren(...sold.map((each) => el("option", { value: each.id }, nameOf(each))))
  }
}

/** Whether a note is about what is past: another holder, or for what was done another state. Why something failed may stand. */
const isOver = ({ of, tone }: Note & { readonly of: Seat }, { holderEmail, status }: Seat) =>
  (tone === "done" && status !== of.status) || (status !== "revoked" && holderEmail !== of.holderEmail)

const order = (a: Seat, b: Seat) =>
  DateTime.toEpochMillis(a.createdAt) - DateTime.toEpochMillis(b.createdAt) || (a.id < b.id ? -1 : 1)

const showSeats = (at: DateTime.Utc) => {
  seatsSection.hidden = session === undefined
  const id = session?.source.id
  const sold = known?.sold.find((each) => each.id === id)
  setText(seatsTitle, sold?.product == null ? "Seats" : `Seats of ${sold.product}`)
  summary.hidden = list === undefined && listNote !== undefined
  assignForm.hidden = list === undefined
  setText(summary, list === undefined ? "Reading the list…" : `${list.availableSeats} of ${list.totalSeats} free`)
  listNoteView.update(listNote, at)
  assignNote.update(assigned, at)
  const seats = (list?.seats ?? []).toSorted(order)
  for (const seat of seats) {
    const row = rows.get(seat.id) ?? SeatRow.make(requests)
    rows.set(seat.id, row)
    const note = notes.get(seat.id)
    if (note !== undefined && isOver(note, seat)) notes.delete(seat.id)
    row.update(seat, at, busy.get(seat.id), notes.get(seat.id))
  }
  const shown = seats.flatMap(({ id }) => rows.get(id) ?? [])
  arrange(
    seatList,
    shown.map(({ element }) => element)
  )
  if (shown.length < rows.size) {
    const ids = new Set(seats.map(({ id }) => id))
    for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id)
  }
}

const keyOf = (mail: Control.Mail, index: number) =>
  `${index} ${DateTime.toEpochMillis(mail.sent_at)} ${Redacted.value(mail.token)}`

const showOutbox = (at: DateTime.Utc) => {
  noMails.hidden = mails.length > 0
  const newest = new Map(mails.map((mail) => [mail.seat_id, Redacted.value(mail.token)]))
  const keys = mails.map(keyOf)
  for (const [index, mail] of mails.entries()) {
    const key = keys[index] ?? ""
    const row =
      mailRows.get(key) ?? MailRow.make(mail, { claim: () => claim(mail, key), copy: () => copyLink(mail, key) })
    mailRows.set(key, row)
    const seat = list?.seats.find(({ id }) => id === mail.seat_id)
    const isReplaced = newest.get(mail.seat_id) !== Redacted.value(mail.token)
    row.update(MailRow.linkIn(seat, isReplaced, at), at, claiming.has(key), mailNotes.get(key))
  }
  const current = new Set(keys)
  for (const key of mailRows.keys()) if (!current.has(key)) mailRows.delete(key)
  arrange(
    mailList,
    keys.toReversed().flatMap((key) => mailRows.get(key)?.element ?? [])
  )
}

const render = () => {
  const at = now()
  setText(clock, known === undefined ? "" : `It is ${DateTime.formatIso(at).slice(11, 19)} UTC there.`)
  showConnect()
  showSeats(at)
  showOutbox(at)
}

// What it does

const broken: Note = {
  tone: "failed",
  text: "The page itself failed, and what became of the call is unknown. Look at the list."
}

const tell = (seat: Seat, note: Note) => {
  notes.set(seat.id, { ...note, of: seat })
  announce(note.text)
}

const read = (): void => {
  const current = session
  if (current === undefined) return
  isOutdated = isListing
  if (isListing) return
  isListing = true
  const after = signature()
  const ended = (act: () => void) => () => {
    isListing = false
    if (session !== current || isOutdated) return read()
    listedAfter = after
    listedAt = Date.now()
    act()
    render()
  }
  const failedWith = (note: Note) => {
    if (listNote?.text !== note.text) announce(note.text)
    listNote = note
    // Somebody else's seats, or those of another world, are not to be looked at any longer
    if (note.tag === "NotFound" || note.tag === "Unauthorized" || note.tag === "Forbidden") list = undefined
  }
  current.run(
    Effect.flatMap(Seats, (seats) => seats.list(current.source)),
    {
      done: (found) =>
        ended(() => {
          list = found
          listNote = undefined
        })(),
      failed: (error) => ended(() => failedWith(failure(error, now())))(),
      broken: ended(() => failedWith(broken))
    }
  )
}

const signature = () => JSON.stringify([known?.events, known?.sold, mails.length])

/** A call at a seat: its buttons wait for it, and what came of it stands beside it. */
const perform = <E extends { readonly _tag: string; readonly message: string }>(
  seat: Seat,
  what: SeatRow.Busy,
  call: Effect.Effect<{ readonly note: Note; readonly seat: Seat }, E, Services>
) => {
  const current = session
  if (current === undefined || busy.has(seat.id)) return
  busy.set(seat.id, what)
  notes.delete(seat.id)
  announce(SeatRow.doing[what])
  render()
  const ended = (note: Note, of: Seat) => {
    busy.delete(seat.id)
    if (session !== current) return
    const hadFocus = rows.get(seat.id)?.element.contains(document.activeElement) === true
    tell(of, note)
    if (list !== undefined) {
      list = { ...list, seats: list.seats.map((each) => (each.id === of.id ? of : each)) }
    }
    render()
    const row = rows.get(of.id)
    if (hadFocus && document.activeElement?.closest("[hidden]") !== null) row?.focusNote()
    read()
  }
  current.run(call, {
    done: ({ note, seat }) => ended(note, seat),
    failed: (error) => ended(failure(error, now()), seat),
    broken: () => ended(broken, seat)
  })
}

const requests: SeatRow.Requests = {
  resend: (seat) =>
    perform(
      seat,
      "resend",
      Effect.gen(function* () {
        const result = yield* (yield* Invitations).resend(seat)
        return { note: sent(result, now()), seat: result.seat }
      })
    ),
  reissue: (seat) =>
    perform(
      seat,
      "reissue",
      Effect.gen(function* () {
        return reissued(yield* (yield* Invitations).reissue(seat))
      })
    ),
  finish: (seat, reissue: Reissue) =>
    perform(
      seat,
      "finish",
      Effect.gen(function* () {
        return reissued(yield* (yield* Invitations).finish(reissue))
      })
    ),
  revoke: (seat) =>
    perform(
      seat,
      "revoke",
      Effect.gen(function* () {
        const revoked = yield* (yield* Seats).revoke(seat.id)
        return { note: { tone: "done" as const, text: `The seat of ${holderOf(seat)} is revoked.` }, seat: revoked }
      })
    )
}

const reissued = (seat: Seat) => ({
  note: sent({ _tag: "Reissued", seat, invitation: seat.invitation(now()) }, now()),
  seat
})

const setAssigning = (isAssigning: boolean) => setBusy(assignButton, isAssigning, isAssigning ? "Assigning…" : "Assign")

assignForm.addEventListener("submit", (event) => {
  event.preventDefault()
  const current = session
  if (current === undefined || assignButton.ariaDisabled === "true") return
  const email = emailField.value.trim()
  setAssigning(true)
  announce("Assigning…")
  assigned = undefined
  render()
  const ended = (note: Note) => {
    setAssigning(false)
    assigned = note
    announce(note.text)
    read()
    render()
  }
  current.run(
    Effect.flatMap(Seats, (seats) => seats.assign({ source: current.source, recipient: Recipient.Email({ email }) })),
    {
      done: (seat) => {
        emailField.value = ""
        notes.delete(seat.id)
        ended({ tone: "done", text: `A seat is assigned, and the invitation was mailed to ${holderOf(seat)}.` })
      },
      failed: (error) => ended(failure(error, now())),
      broken: () => ended(broken)
    }
  )
})
const claim = (mail: Control.Mail, key: string) => {
  const current = session
  if (claiming.has(key)) return
  const note = (note: Note) => {
    claiming.delete(key)
    mailNotes.set(key, note)
    announce(note.text)
    read()
    render()
  }
  if (current === undefined) {
    note({ tone: "failed", text: "Open the seats first, to see what becomes of them." })
    return
  }
  claiming.add(key)
  mailNotes.delete(key)
  announce("Claiming…")
  render()
  current.run(
    Effect.flatMap(SeatClaims, (claims) => claims.claim(mail.token)),
    {
      done: ({ seat }) => note({ tone: "done", text: `Claimed: ${holderOf(seat)} sits in the seat now.` }),
      failed: (error) => note(failure(error, now())),
      broken: () => note(broken)
    }
  )
}

const copyLink = (mail: Control.Mail, key: string) => {
  const note = (note: Note) => {
    mailNotes.set(key, note)
    announce(note.text)
    render()
  }
  navigator.clipboard.writeText(Redacted.value(mail.claim_url)).then(
    () => note({ tone: "done", text: "The claim link is on the clipboard." }),
    () => note({ tone: "failed", text: "The browser does not allow to copy." })
  )
}

const show = (source: SeatSource, token: Redacted.Redacted<string>) => {
  session = open(source, token)
  list = undefined
  listNote = undefined
  assigned = undefined
  notes.clear()
  rows.clear()
  busy.clear()
  read()
  render()
}

const leave = () => {
  session = undefined
  list = undefined
  render()
  connect.querySelector("h2")?.focus()
}

openForm.addEventListener("submit", (event) => {
  event.preventDefault()
  const sold = known?.sold.find(({ id }) => id === sourceField.value)
  if (sold === undefined) return
  const token = Redacted.make(tokenField.value.trim())
  tokenField.value = ""
  show(
    sold.kind === "order"
      ? SeatSource.Order({ id: OrderId.make(sold.id) })
      : SeatSource.Subscription({ id: SubscriptionId.make(sold.id) }),
    token
  )
  seatsTitle.focus()
})

const askForDemo = (isAsking: boolean) => {
  seedQuestion.hidden = !isAsking
  seedButton.hidden = isAsking
  if (isAsking) seedQuestion.querySelector("button")?.focus()
  else seedButton.focus()
}

const loadDemo = () => {
  seedQuestion.hidden = true
  seedButton.hidden = false
  setBusy(seedButton, true, "Loading…")
  const ended = (act: () => void) => {
    setBusy(seedButton, false, "Load the demo team")
    act()
  }
  // A seed puts the emulator's clock back to that of the machine
  run(Effect.andThen(Control.seed(Demo.world(Date.now())), poll), {
    onSuccess: () =>
      ended(() => {
        show(Demo.source, Demo.session)
        announce("The demo team is loaded.")
        seatsTitle.focus()
      }),
    onFailure: () => ended(() => announce("The demo team could not be loaded: is the emulator still running?"))
  })
}

// How it stays up to date

const run = <A, E>(
  effect: Effect.Effect<A, E, HttpClient.HttpClient>,
  ended: { readonly onSuccess: (value: A) => void; readonly onFailure: (error: E) => void }
) => void Effect.runFork(Effect.provide(Effect.match(effect, ended), FetchHttpClient.layer))

const poll = Effect.gen(function* () {
  const [knowledge, outbox] = yield* Effect.all([Control.knowledge, Control.outbox], { concurrency: 2 })
  const isFirst = known === undefined
  known = knowledge
  mails = outbox
  setTime(knowledge.now)
  if (isFirst && session === undefined && knowledge.sold.some(({ id }) => id === Demo.source.id)) {
    show(Demo.source, Demo.session)
  }
  // What others do is announced, so that the list, which counts against the rate limit, is rarely read in vain
  const until = listNote?.until
  const isDue =
    until === undefined ? signature() !== listedAfter || Date.now() - listedAt > 15_000 : until <= knowledge.now
  if (isDue) read()
})

const unreachable: Note = {
  tone: "failed",
  text: "The emulator does not answer: is it still running? This page goes on trying."
}
let isLost = false
const setLost = (next: boolean) => {
  if (next !== isLost) announce(next ? unreachable.text : "The emulator answers again.")
  isLost = next
  lost.update(next ? unreachable : undefined, now())
}

const visible = Latch.makeUnsafe(!document.hidden)
document.addEventListener("visibilitychange", () =>
  document.hidden ? Latch.closeUnsafe(visible) : Latch.openUnsafe(visible)
)

const tick = Effect.match(poll, { onSuccess: () => setLost(false), onFailure: () => setLost(true) }).pipe(
  Effect.andThen(Effect.sync(render))
)
run(Effect.forever(Effect.andThen(Latch.await(visible), Effect.andThen(tick, Effect.sleep("1 second")))), {
  onSuccess: () => undefined,
  onFailure: () => undefined
})

window.addEventListener("beforeunload", (event) => {
  if (busy.size > 0) event.preventDefault()
})
