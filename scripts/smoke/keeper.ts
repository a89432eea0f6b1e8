import type { Answer, Ask } from "./exchange.ts"
import { addressOf, isHeld, readSeats, type SeatJson, type SeatsJson } from "./seats.ts"
import type { Surface } from "./surface.ts"

type Send = (ask: Ask) => Promise<Answer>

/** Keeps the seats as they were before the run. */
export interface Keeper {
  readonly before: SeatsJson
  /** The metadata for assignments. A revoked row that is reused keeps its own, if all have the same. */
  readonly metadata: unknown
  /** Remembers that an assignment leaves now. */
  readonly assigning: () => void
  /** Whether this run may have assigned a seat. */
  readonly hasAssigned: () => boolean
  /** Remembers a seat that this run has assigned. */
  readonly assigned: (seat: SeatJson) => void
  /** The seats that this run has assigned, whether or not they are revoked again. */
  readonly ids: () => ReadonlyArray<string>
  /** Revokes every seat that this run has assigned. */
  readonly vacate: (send: Send) => Promise<void>
  /** The differences between the seats now and before the run, each as a sentence. */
  readonly leftovers: (send: Send) => Promise<ReadonlyArray<string>>
}

/** A list of the seats of a subscription. */
export const listing = ({ seats, token }: Surface, subscription: string): Ask => ({
  method: "GET",
  path: `${seats}?subscription_id=${subscription}`,
  token
})

export const revocation = ({ seats, token }: Surface, id: string): Ask => ({
  method: "DELETE",
  path: `${seats}/${id}`,
  token
})

const nameOf = (seat: SeatJson) => `seat ${seat.id} (${addressOf(seat) ?? "nobody"})`

/** A sentence about a seat that is not as it was, or nothing. */
const changeOf = (before: SeatJson, now: SeatJson | undefined): ReadonlyArray<string> => {
  if (now === undefined) return [`The ${nameOf(before)} is gone.`]
  // A row that was revoked may have been reused: its times are new, and nobody can put them back
  const [was, is] = isHeld(before)
    ? [before, now]
    : [
        { status: before.status, seat_metadata: before["seat_metadata"] },
        { status: now.status, seat_metadata: now["seat_metadata"] }
      ]
  const changed = Object.keys(was).filter(
    (key) => JSON.stringify(Reflect.get(was, key)) !== JSON.stringify(Reflect.get(is, key))
  )
  return changed.length === 0 ? [] : [`The ${nameOf(before)} is not as it was: ${changed.join(", ")} changed.`]
}

export const makeKeeper = (
  before: SeatsJson,
  surface: Surface,
  subscription: string,
  addresses: ReadonlyArray<string>
): Keeper => {
  const known = new Map(before.seats.map((seat) => [seat.id, seat]))
  const ids = new Set<string>()
  const ours = new Set(addresses.map((address) => address.toLowerCase()))
  const vacant = before.seats.filter((seat) => !isHeld(seat)).map((seat) => seat["seat_metadata"] ?? {})
  const [metadata = {}] = new Set(vacant.map((each) => JSON.stringify(each))).size === 1 ? vacant : []
  let hasAssigned = false

  const list = async (send: Send): Promise<SeatsJson> => {
    const answer = await send(listing(surface, subscription))
    const seats = readSeats(answer.json)
    if (seats === undefined) throw new Error(`the list of seats was answered with ${answer.status}`)
    return seats
  }
  // An assignment whose answer never came is known by its address alone
  const isOurs = (seat: SeatJson): boolean => {
    const was = known.get(seat.id)
    if (!isHeld(seat) || (was !== undefined && isHeld(was))) return false
    return ids.has(seat.id) || ours.has(addressOf(seat) ?? "")
  }
  return {
    before,
    metadata,
    assigning: () => {
      hasAssigned = true
    },
    hasAssigned: () => hasAssigned,
    assigned: ({ id }) => void ids.add(id),
    ids: () => [...ids],
    vacate: async (send) => {
      const { seats } = await list(send)
      // `leftovers` reports those that fail
      await Promise.allSettled(seats.filter(isOurs).map(({ id }) => send(revocation(surface, id))))
    },
    leftovers: async (send) => {
      const now = await list(send)
      const rows = new Map(now.seats.map((seat) => [seat.id, seat]))
      return [
        ...before.seats.flatMap((seat) => changeOf(seat, rows.get(seat.id))),
        ...now.seats.flatMap((seat) =>
          isOurs(seat) ? [`The ${nameOf(seat)} is still assigned. Revoke it: polar-seats revoke ${seat.id}`] : []
        )
      ]
    }
  }
}
