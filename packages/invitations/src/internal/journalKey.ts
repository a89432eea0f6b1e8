import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import type { SeatSource } from "@polar-seats/domain/SeatSource"

// Polar takes no longer address, and none with a control character. A database may refuse either in a key, or half a pair
// of UTF-16
const usable = /^[^\p{Cc}\p{Cs}]{1,320}$/u

/** Whether an address can be part of a key. */
export const isUsableAddress = (address: string): boolean => usable.test(address.trim())

/**
 * The key of a person in a journal: the address, and the subscription or order that they were invited to. Every spelling
 * of an address gives the same key.
 */
export const keyFor = (source: SeatSource, address: string): string =>
  `${source._tag.toLowerCase()}/${source.id}/${EmailAddress.canonicalise(address)}`
