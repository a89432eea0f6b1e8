import type { Fact } from "../fact.ts"
import { credentials } from "./credentials.ts"
import { deadLinks } from "./deadLink.ts"
import { claimedAtOnce } from "./full.ts"
import { headers } from "./headers.ts"
import { requests } from "./requests.ts"
import { routing } from "./routing.ts"
import { seats } from "./seats.ts"

/** Every fact, in the order in which a run checks them. */
export const facts: ReadonlyArray<Fact> = [
  ...routing,
  ...credentials,
  ...requests,
  ...seats,
  ...claimedAtOnce,
  ...deadLinks,
  ...headers
]
