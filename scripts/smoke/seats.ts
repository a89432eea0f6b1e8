import { member } from "./fact.ts"

/** A seat, as Polar's JSON has it. */
export interface SeatJson {
  readonly id: string
  readonly status: string
  readonly [key: string]: unknown
}

export interface SeatsJson {
  readonly seats: ReadonlyArray<SeatJson>
  readonly available: number
  readonly total: number
}

/** Reads a seat. Undefined if the JSON is not one. */
export const readSeat = (json: unknown): SeatJson | undefined => {
  const [id, status] = [member(json, "id"), member(json, "status")]
  return typeof id === "string" && typeof status === "string" ? { ...(json as object), id, status } : undefined
}

/** Reads a list of seats. Undefined if the JSON is not one. */
export const readSeats = (json: unknown): SeatsJson | undefined => {
  const [rows, available, total] = ["seats", "available_seats", "total_seats"].map((key) => member(json, key))
  if (!Array.isArray(rows) || typeof available !== "number" || typeof total !== "number") return undefined
  return { seats: rows.flatMap((row) => readSeat(row) ?? []), available, total }
}

/** Whether somebody holds a seat. */
export const isHeld = ({ status }: SeatJson): boolean => status !== "revoked"

/** The address of a seat's holder, in lower case. */
export const addressOf = (seat: SeatJson): string | undefined => {
  const address = seat["email"] ?? member(seat["member"], "email") ?? seat["customer_email"]
  return typeof address === "string" ? address.toLowerCase() : undefined
}
