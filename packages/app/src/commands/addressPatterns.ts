import * as EmailAddress from "@polar-seats/domain/EmailAddress"
import { makeGlob } from "./glob.ts"

/** Matches addresses in any spelling with patterns in any spelling. */
export const matchAny = (patterns: ReadonlyArray<string>): ((address: string) => boolean) => {
  const globs = patterns.map((pattern) => makeGlob(EmailAddress.canonicalise(pattern)))
  return (address) => {
    const known = EmailAddress.canonicalise(address)
    return globs.some((matches) => matches(known))
  }
}
