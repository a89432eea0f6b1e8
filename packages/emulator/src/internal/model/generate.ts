import type * as Random from "effect/Random"

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const urlSafe = `${alphanumeric}-_`

const pick = (random: Random.Random, alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet.charAt(Math.floor(random.nextDoubleUnsafe() * alphabet.length))).join("")

/** A UUID of version 4. */
export const uuid = (random: Random.Random): string =>
  "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (digit) => {
    const nibble = Math.floor(random.nextDoubleUnsafe() * 16)
    return (digit === "x" ? nibble : 8 + (nibble % 4)).toString(16)
  })

/** An invitation token: 43 characters that need no escape in a URL. */
export const invitationToken = (random: Random.Random): string => pick(random, urlSafe, 43)

const crc32 = (text: string): number => {
  let crc = 0xffffffff
  for (let index = 0; index < text.length; index++) {
    crc ^= text.charCodeAt(index)
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}

const base62 = (value: number): string =>
  (value >= 62 ? base62(Math.floor(value / 62)) : "") + alphanumeric.charAt(value % 62)

/** A session token: 37 characters, then their checksum in 6. */
export const sessionToken = (random: Random.Random, prefix: "polar_cst_" | "polar_mst_"): string => {
  const body = pick(random, alphanumeric, 37)
  return `${prefix}${body}${base62(crc32(body)).padStart(6, "0")}`
}
