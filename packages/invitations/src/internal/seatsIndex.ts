import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import type { MemberId, Seat, SeatId, SeatsList } from "@polar-seats/domain/Seat"
import * as DateTime from "effect/DateTime"
import * as Redacted from "effect/Redacted"
import type { Reissue } from "../Reissue.ts"

const add = <Key>(index: Map<Key, Array<Seat>>, key: Key, seat: Seat) => {
  const seats = index.get(key)
  if (seats === undefined) index.set(key, [seat])
  else seats.push(seat)
}

/** A list of seats that can be asked for a person. It is indexed once, however many ask. */
export class SeatsIndex {
  readonly list: SeatsList
  readonly #byId = new Map<SeatId, Seat>()
  readonly #byAddress = new Map<string, Array<Seat>>()
  readonly #byMember = new Map<MemberId, Array<Seat>>()
  readonly #revoked: Array<Seat> = []
  readonly taken: number

  constructor(list: SeatsList) {
    this.list = list
    for (const seat of list.seats) {
      this.#byId.set(seat.id, seat)
      if (seat.status === "revoked") {
        this.#revoked.push(seat)
        continue
      }
      if (seat.holderEmail !== null) add(this.#byAddress, EmailAddress.canonicalise(seat.holderEmail), seat)
      if (seat.memberId !== null) add(this.#byMember, seat.memberId, seat)
    }
    this.taken = list.seats.length - this.#revoked.length
  }

  seat(id: SeatId): Seat | undefined {
    return this.#byId.get(id)
  }

  /** The seats that the person of a reissue holds. */
  heldBy(reissue: Reissue): ReadonlyArray<Seat> {
    const byMember = reissue.holder._tag === "Member" ? (this.#byMember.get(reissue.holder.id) ?? []) : []
    const byAddress = this.#byAddress.get(EmailAddress.canonicalise(Redacted.value(reissue.address))) ?? []
    return [...new Set([...byMember, ...byAddress])]
  }

  /** The seats that were revoked after an instant. */
  revokedAfter(instant: DateTime.Utc): ReadonlyArray<Seat> {
    return this.#revoked.filter(({ revokedAt }) => revokedAt !== null && DateTime.isLessThan(instant, revokedAt))
  }
}
