import type { Seat, SeatId, SeatsList } from "@polar-seats/domain/Seat"
import type { EmulatorState, Mail } from "./emulatorClient.ts"
import type { Session } from "./polarRuntime.ts"
import type { Busy } from "./rows.ts"
import type { Note } from "./text.ts"

/** The state that the page shows. */
export const state = new (class {
  /** The last answer of the emulator. */
  emulator: EmulatorState | undefined
  mails: ReadonlyArray<Mail> = []
  session: Session | undefined
  list: SeatsList | undefined
  listNote: Note | undefined
  /** The result of the last assignment. */
  assignNote: Note | undefined
})()

/** The calls that run, by seat. */
export const busy = new Map<SeatId, Busy>()

/** The result of the last call for each seat, with the seat as it was then. */
export const notes = new Map<SeatId, Note & { readonly of: Seat }>()

/** The mails that are being claimed. */
export const claiming = new Set<string>()

/** The result of the last action for each mail. */
export const mailNotes = new Map<string, Note>()
