import { Invitation, type Seat } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import { cutTo, padTo, widthOf } from "./cell.ts"
import { showHidden } from "./print.ts"
import { styles } from "./terminal.ts"

const formatDistance = (from: DateTime.Utc, to: DateTime.Utc): string => {
  const minutes = Math.floor(Duration.toMinutes(DateTime.distance(from, to)))
  return minutes >= 120 ? `${Math.round(minutes / 60)} h` : `${minutes} min`
}

/** The state of a seat's invitation, with the time left or the time since it expired. */
export const formatInvitation = (seat: Seat, now: DateTime.Utc): string =>
  Invitation.$match(seat.invitation(now), {
    Live: ({ expiresAt }) => `live, ${formatDistance(now, expiresAt)} left`,
    Expired: ({ expiredAt }) => `expired ${formatDistance(expiredAt, now)} ago`,
    Unlimited: () => "live, no end",
    None: () => "-"
  })

/** The address of a seat's holder. */
export const formatHolder = (seat: Seat): string => seat.holderEmail ?? "nobody that Polar names"

/** The state of a seat in one or two words, for a narrow terminal. */
const formatBriefly = (seat: Seat, now: DateTime.Utc): string =>
  Invitation.$match(seat.invitation(now), {
    Live: ({ expiresAt }) => `${formatDistance(now, expiresAt)} left`,
    Expired: ({ expiredAt }) => `dead ${formatDistance(expiredAt, now)}`,
    Unlimited: () => "no end",
    None: () => seat.status
  })

const styleOf = (seat: Seat, now: DateTime.Utc): ((text: string) => string) => {
  if (seat.status === "claimed") return styles.green
  if (seat.status === "revoked") return styles.dim
  return seat.invitation(now)._tag === "Expired" ? styles.red : styles.yellow
}

const makeTimeFormat = (timeZone: string | undefined) => {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short"
  })
  return (at: DateTime.Utc): string => {
    const parts = new Map(format.formatToParts(DateTime.toEpochMillis(at)).map(({ type, value }) => [type, value]))
    const [year, month, day, hour, minute, zone] = (
      ["year", "month", "day", "hour", "minute", "timeZoneName"] as const
    ).map((type) => parts.get(type) ?? "")
    return `${year}-${month}-${day} ${hour}:${minute} ${zone}`
  }
}

/** When the invitation of a seat ends or ended, or since when the seat is claimed or revoked. */
const formatTimeOf = (seat: Seat, format: (at: DateTime.Utc) => string): string => {
  if (seat.status === "pending") {
    return seat.invitationTokenExpiresAt === null ? "-" : `until ${format(seat.invitationTokenExpiresAt)}`
  }
  const since = seat.status === "claimed" ? seat.claimedAt : seat.status === "revoked" ? seat.revokedAt : null
  return since === null ? "-" : `since ${format(since)}`
}

const shortestId = 8

/** The ids as beginnings that tell the seats apart. */
const shortenIds = (seats: ReadonlyArray<Seat>): ((seat: Seat) => string) => {
  const ids = new Set(seats.map(({ id }) => id))
  let length = shortestId
  while (length < 36 && new Set(Array.from(ids, (id) => id.slice(0, length))).size < ids.size) length++
  return ({ id }) => (length < id.length ? `${id.slice(0, length)}…` : id)
}

interface Column {
  readonly title: string
  readonly cells: ReadonlyArray<string>
  readonly width: number
  readonly isStyled: boolean
}

const gap = "  "

const widthOfAll = (columns: ReadonlyArray<Column>): number =>
  columns.reduce((sum, { width }) => sum + width + gap.length, -gap.length)

/** How a table of seats looks. */
export interface TableOptions {
  /** The width of the terminal. By default the table may have any. */
  readonly columns?: number
  /** The time zone of the times. By default that of the system. */
  readonly timeZone?: string | undefined
  readonly isColoured?: boolean
}

/** The ways to show the seats, from the widest to the narrowest. A column is made when a way needs it. */
const layoutsOf = function* (seats: ReadonlyArray<Seat>, now: DateTime.Utc, timeZone: string | undefined) {
  const column = (title: string, format: (seat: Seat) => string, isStyled = false): Column => {
    const cells = seats.map((seat) => showHidden(format(seat)))
    return { title, cells, isStyled, width: cells.reduce((most, cell) => Math.max(most, widthOf(cell)), title.length) }
  }
  const id = column("SEAT", ({ id }) => id)
  const status = column("STATUS", ({ status }) => status, true)
  const holder = column("HOLDER", ({ holderEmail }) => holderEmail ?? "-")
  const hasNames = seats.some(({ member }) => (member?.name ?? "") !== "")
  const names = hasNames ? [column("NAME", ({ member }) => member?.name || "-")] : []
  const invitation = column("INVITATION", (seat) => formatInvitation(seat, now))
  const formatTime = makeTimeFormat(timeZone)
  yield [id, status, holder, ...names, invitation, column("TIME", (seat) => formatTimeOf(seat, formatTime))]
  yield [id, status, holder, ...names, invitation]
  const shortId = column("SEAT", shortenIds(seats))
  yield [shortId, status, holder, ...names, invitation]
  // Only pending seats have an invitation
  const stateOf = (seat: Seat) => (seat.status === "pending" ? formatInvitation(seat, now) : seat.status)
  const state = column("STATE", stateOf, true)
  yield [shortId, holder, ...names, state]
  yield [shortId, holder, state]
  yield [shortId, holder, column("STATE", (seat) => formatBriefly(seat, now), true)]
}

/** The widest layout that fits. If none does, the holders of the narrowest are cut. */
const layOut = (layouts: Iterable<ReadonlyArray<Column>>, columns: number): ReadonlyArray<Column> => {
  let narrowest: ReadonlyArray<Column> = []
  for (const layout of layouts) {
    if (widthOfAll(layout) <= columns) return layout
    narrowest = layout
  }
  const excess = widthOfAll(narrowest) - columns
  return narrowest.map((column) => {
    if (column.title !== "HOLDER") return column
    const width = Math.max(column.title.length, column.width - excess)
    return { ...column, width, cells: column.cells.map((cell) => cutTo(cell, width)) }
  })
}

/**
 * Seats as the lines of a table for people. Each column is as wide as its widest cell on a terminal. In a narrow terminal, first
 * the times are left out, then the ids are shortened, the statuses and invitations share a column, the names are left out and
 * the states are shortened. Only then the addresses are cut.
 */
export const formatSeatTable = (
  seats: ReadonlyArray<Seat>,
  now: DateTime.Utc,
  { columns = Number.POSITIVE_INFINITY, isColoured = false, timeZone }: TableOptions = {}
): ReadonlyArray<string> => {
  const layout = layOut(layoutsOf(seats, now, timeZone), columns)
  const header = layout
    .map(({ title, width }) => padTo(title, width))
    .join(gap)
    .trimEnd()
  const rows = seats.map((seat, row) =>
    layout
      .map(({ cells, isStyled, width }, at) => {
        const cell = cells[row] ?? ""
        const blanks = at === layout.length - 1 ? "" : padTo("", width - widthOf(cell))
        return (isStyled && isColoured ? styleOf(seat, now)(cell) : cell) + blanks
      })
      .join(gap)
  )
  return [isColoured ? styles.bold(header) : header, ...rows]
}
