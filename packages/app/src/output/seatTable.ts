import { Invitation, type Seat } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import { showHidden } from "./print.ts"

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

const header = ["SEAT", "STATUS", "HOLDER", "INVITATION"]

const holderColumn = 2
const gap = "  "

/**
 * Seats as the lines of a table for people: id, status, holder, and the state of the invitation. If the table is wider than
 * `columns`, the holders are cut short.
 */
export const formatSeatTable = (
  seats: ReadonlyArray<Seat>,
  now: DateTime.Utc,
  columns = Number.POSITIVE_INFINITY
): ReadonlyArray<string> => {
  const rows = [
    header,
    ...seats.map((seat) => [seat.id, seat.status, seat.holderEmail ?? "-", formatInvitation(seat, now)].map(showHidden))
  ]
  const widths = header.map((_, column) => rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0))
  const excess = widths.reduce((sum, width) => sum + width + gap.length, -gap.length) - columns
  const room = Math.max(header[holderColumn]?.length ?? 0, (widths[holderColumn] ?? 0) - Math.max(0, excess))
  widths[holderColumn] = room
  const cut = (cell: string) => (cell.length > room ? `${cell.slice(0, room - 1)}…` : cell)
  return rows.map((row) =>
    row
      .map((cell, column) => (column === holderColumn ? cut(cell) : cell).padEnd(widths[column] ?? 0))
      .join(gap)
      .trimEnd()
  )
}
