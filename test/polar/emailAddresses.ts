import { readFileSync } from "node:fs"

/** An address, and what Polar's validator says about it. Without `normalized`, Polar refuses the address. */
export interface Verdict {
  readonly address: string
  readonly valid: boolean
  readonly normalized?: string
}

export const verdicts: ReadonlyArray<Verdict> = JSON.parse(
  readFileSync(new URL("email-addresses.json", import.meta.url), "utf8")
)
