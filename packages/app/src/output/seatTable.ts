import { Invitation, type Seat } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import { plain } from "./print.ts"

const hours = (from: DateTime.Utc, to: DateTime.Utc): string => {
  const minutes = Math.floor(Duration.toMinutes(DateTime.distance(from, to)))
  return minutes >= 120 ? `${Math.round(minutes / 60)} h` : `${minutes} min`
}

/** The state of a seat's invitation in a few words. */
export const describeInvitation = (seat: Seat, now: DateTime.Utc): string =>
  Invitation.$match(seat.invitation(now), {
    Live: ({ expiresAt }) => `live, ${hours(now, expiresAt)} left`,
    Expired: ({ expiredAt }) => `expired ${hours(expiredAt, now)} ago`,
    Unlimited: () => "live, no end",
    None: () => "-"
  })

/** How wide the terminal on stdout is. What is no terminal is as wide as need be. */
export const columns: Effect.Effect<number, never, Stdio.Stdio> = Effect.map(
  Effect.flatMap(Stdio.Stdio, ({ stdoutIsTerminal }) => stdoutIsTerminal),
  (isTerminal) => (isTerminal ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY)
)

/** Who sits in a seat, or is to. */
export const describeHolder = (seat: Seat): string => seat.holderEmail ?? "nobody that Polar names"

const header = ["SEAT", "STATUS", "HOLDER", "INVITATION"]

const holderColumn = 2
const gap = "  "

/**
 * Seats as a table for people: id, status, holder, and what has become of the invitation. Where it would be wider than
 * `columns`, holders are cut short.
 */
export const render = (seats: ReadonlyArray<Seat>, now: DateTime.Utc, columns = Number.POSITIVE_INFINITY): string => {
  const rows = [
    header,
    ...seats.map((seat) => [seat.id, seat.status, seat.holderEmail ?? "-", describeInvitation(seat, now)].map(plain))
  ]
  const widths = header.map((_, column) => rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0))
  const tooWide = widths.reduce((sum, width) => sum + width + gap.length, -gap.length) - columns
  const holder = widths[holderColumn] ?? 0
  const room = Math.max(header[holderColumn]?.length ?? 0, holder - Math.max(0, tooWide))
  widths[holderColumn] = room
  const cut = (cell: string) => (cell.length > room ? `${cell.slice(0, room - 1)}…` : cell)
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === holderColumn ? cut(cell) : cell).padEnd(widths[column] ?? 0))
        .join(gap)
        .trimEnd()
    )
    .join("\n")
}
