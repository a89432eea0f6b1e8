import type { SeatSource } from "@polar-seats/domain/SeatSource"

/** The journal key of a person: the subscription or order, and the address in lower case. */
export const keyFor = (source: SeatSource, address: string): string =>
  `${source._tag.toLowerCase()}/${source.id}/${address.toLowerCase()}`
