import { Recipient } from "@polar-seats/domain/Assignment"
import type { Seat } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import { OrderId, SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import { SeatClaims } from "@polar-seats/http/SeatClaims"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Redacted from "effect/Redacted"
import { announce, setBusy } from "./dom.ts"
import { type Mail, readState } from "./emulatorClient.ts"
import { now, openSession, setTime } from "./polarRuntime.ts"
import { type Busy, busyLabels, type SeatActions } from "./rows.ts"
import { busy, claiming, mailNotes, notes, state } from "./state.ts"
import { type Failure, formatHolder, type Note, noteSent } from "./text.ts"
import * as view from "./view.ts"

/** Shows the state. */
export const render = (): void => view.renderPage({ ...seatActions, claim, copy })

// The list may have changed if a webhook, a purchase or a mail is new
const fingerprintEmulator = () => JSON.stringify([state.emulator?.events, state.emulator?.sold, state.mails.length])

let isReading = false
/** Whether something happened while the list was read, so that the answer may be outdated. */
let isOutdated = false
/** The fingerprint and the time of the last list. */
let lastRead = { fingerprint: "", at: 0 }

/** Whether the list may have changed since it was read, or was read more than 15 seconds ago. */
export const isListDue = (): boolean =>
  fingerprintEmulator() !== lastRead.fingerprint || Date.now() - lastRead.at > 15_000

/** Reads the list of seats again. */
export const readList = (): void => {
  const { session } = state
  if (session === undefined) return
  isOutdated = isReading
  if (isReading) return
  isReading = true
  const fingerprint = fingerprintEmulator()
  const end = (apply: () => void) => {
    isReading = false
    if (state.session !== session || isOutdated) return readList()
    lastRead = { fingerprint, at: Date.now() }
    apply()
    render()
  }
  const fail = (note: Note) => {
    if (state.listNote?.text !== note.text) announce(note.text)
    state.listNote = note
    // After these errors, the seats on the page are another customer's, or another world's
    if (note.tag === "NotFound" || note.tag === "Unauthorized" || note.tag === "Forbidden") state.list = undefined
  }
  const list = Effect.flatMap(Seats, (seats) => seats.list(session.source))
  session.run(list, {
    done: (list) =>
      end(() => {
        state.list = list
        state.listNote = undefined
      }),
    failed: (note) => end(() => fail(note))
  })
}

const readTime = readState.pipe(
  Effect.map(({ now }) => setTime(now)),
  Effect.ignore,
  Effect.provide(FetchHttpClient.layer)
)

/** Makes a call for a seat. The buttons of the seat wait for it, and its note shows the result. */
const callForSeat = <E extends Failure>(
  seat: Seat,
  kind: Busy,
  call: (services: {
    readonly invitations: Invitations["Service"]
    readonly seats: Seats["Service"]
  }) => Effect.Effect<Seat, E>
) => {
  const { session } = state
  if (session === undefined || busy.has(seat.id)) return
  busy.set(seat.id, kind)
  notes.delete(seat.id)
  announce(busyLabels[kind])
  render()
  const end = (note: Note, of: Seat) => {
    busy.delete(seat.id)
    if (state.session !== session) return
    const hadFocus = view.hasFocus(seat.id)
    notes.set(of.id, { ...note, of })
    announce(note.text)
    if (state.list !== undefined) {
      state.list = { ...state.list, seats: state.list.seats.map((each) => (each.id === of.id ? of : each)) }
    }
    render()
    if (hadFocus) view.rescueFocus(of.id)
    readList()
  }
  const noteDone = (after: Seat): Note =>
    kind === "revoke"
      ? { tone: "done", text: `The seat of ${formatHolder(seat)} is revoked.` }
      : noteSent(kind === "resend" ? "The invitation" : "A new invitation", after, now())
  // The page is not told when another program moves the emulator's clock
  const started = Effect.andThen(readTime, Effect.all({ invitations: Invitations, seats: Seats }))
  session.run(Effect.flatMap(started, call), {
    done: (after) => end(noteDone(after), after),
    failed: (note) => end(note, seat)
  })
}

const seatActions: SeatActions = {
  resend: (seat) =>
    callForSeat(seat, "resend", ({ invitations }) => Effect.map(invitations.resend(seat), (sent) => sent.seat)),
  reissue: (seat) => callForSeat(seat, "reissue", ({ invitations }) => invitations.reissue(seat)),
  finish: (seat, reissue) => callForSeat(seat, "finish", ({ invitations }) => invitations.finish(reissue)),
  revoke: (seat) => callForSeat(seat, "revoke", ({ seats }) => seats.revoke(seat.id))
}

/** Assigns a seat to the address in the form. */
export const assign = (): void => {
  const { session } = state
  if (session === undefined || view.assignButton.ariaDisabled === "true") return
  const email = view.emailField.value.trim()
  setBusy(view.assignButton, true, "Assigning…")
  announce("Assigning…")
  state.assignNote = undefined
  render()
  const end = (note: Note) => {
    setBusy(view.assignButton, false, "Assign")
    state.assignNote = note
    announce(note.text)
    readList()
    render()
  }
  const recipient = Recipient.Email({ email })
  const assigned = Effect.flatMap(Seats, (seats) => seats.assign({ source: session.source, recipient }))
  session.run(assigned, {
    done: (seat) => {
      view.emailField.value = ""
      notes.delete(seat.id)
      end({ tone: "done", text: `The seat is assigned, and an invitation was mailed to ${formatHolder(seat)}.` })
    },
    failed: end
  })
}

const noteMail = (key: string, note: Note) => {
  mailNotes.set(key, note)
  announce(note.text)
  render()
}

const claim = (mail: Mail, key: string) => {
  const { session } = state
  if (claiming.has(key)) return
  const end = (note: Note) => {
    claiming.delete(key)
    noteMail(key, note)
    readList()
  }
  if (session === undefined) {
    return noteMail(key, { tone: "failed", text: "Nothing was claimed. Open the seats first, to see the result." })
  }
  claiming.add(key)
  mailNotes.delete(key)
  announce("Claiming…")
  render()
  const claimed = Effect.flatMap(SeatClaims, (claims) => claims.claim(mail.token))
  session.run(claimed, {
    done: ({ seat }) => end({ tone: "done", text: `${formatHolder(seat)} has claimed the seat.` }),
    failed: end
  })
}

const copy = (mail: Mail, key: string) => {
  navigator.clipboard.writeText(Redacted.value(mail.claim_url)).then(
    () => noteMail(key, { tone: "done", text: "The claim link is on the clipboard." }),
    () => noteMail(key, { tone: "failed", text: "The browser did not allow the page to copy the link." })
  )
}

/** Opens a source of seats with a token. */
export const openSource = (source: SeatSource, token: Redacted.Redacted<string>): void => {
  state.session = openSession(source, token)
  state.list = undefined
  state.listNote = undefined
  state.assignNote = undefined
  notes.clear()
  view.clearSeatRows()
  busy.clear()
  readList()
  render()
}

/** Opens the purchase in the form with the token in the form. */
export const openChosen = (): void => {
  const purchase = state.emulator?.sold.find(({ id }) => id === view.sourceField.value)
  if (purchase === undefined) return
  const token = Redacted.make(view.tokenField.value.trim())
  view.tokenField.value = ""
  openSource(
    purchase.kind === "order"
      ? SeatSource.Order({ id: OrderId.make(purchase.id) })
      : SeatSource.Subscription({ id: SubscriptionId.make(purchase.id) }),
    token
  )
  view.seatsTitle.focus()
}

/** Closes the session, and offers the choice of seats again. */
export const leave = (): void => {
  state.session = undefined
  state.list = undefined
  render()
  view.connectTitle.focus()
}
