import { Invitation, type Seat } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import { plain } from "./Outcome.ts"

const hours = (from: DateTime.Utc, to: DateTime.Utc): string => {
  const minutes = Math.floor(Duration.toMinutes(DateTime.distance(from, to)))
  return minutes >= 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes} min`
}

/** The state of a seat's invitation in a few words. */
export const describeInvitation = (seat: Seat, now: DateTime.Utc): string =>
  Invitation.$match(seat.invitation(now), {
    Live: ({ expiresAt }) => `live, ${hours(now, expiresAt)} left`,
    Expired: ({ expiredAt }) => `expired ${hours(expiredAt, now)} ago`,
    Unlimited: () => "live, no end",
    None: () => "-"
  })

/** Who sits in a seat, or is to. */
export const describeHolder = (seat: Seat): string => seat.holderEmail ?? "nobody that Polar names"

const header = ["SEAT", "STATUS", "HOLDER", "INVITATION"]

/** Seats as a table for people: id, status, holder, and what has become of the invitation. */
export const render = (seats: ReadonlyArray<Seat>, now: DateTime.Utc): string => {
  const rows = [
    header,
    ...seats.map((seat) => [seat.id, seat.status, seat.holderEmail ?? "-", describeInvitation(seat, now)].map(plain))
  ]
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}
