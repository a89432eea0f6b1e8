import type { SeatSource } from "@polar-seats/domain/SeatSource"

/** The key of a person in a journal: the address in lower case, and the subscription or order that they were invited to. */
export const keyFor = (source: SeatSource, address: string): string =>
  `${source._tag.toLowerCase()}/${source.id}/${address.toLowerCase()}`
