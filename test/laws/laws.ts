import type { it } from "@effect/vitest"
import type { Outbox } from "@polar-seats/emulator/Outbox"
import type { Surface } from "@polar-seats/emulator/SeatModel"
import type { Seats } from "@polar-seats/domain/Seats"
import { Effect, type Layer } from "effect"
import { assignLaws } from "./assign.ts"
import { claimedSubscriptionsLaws } from "./claimedSubscriptions.ts"
import { listLaws } from "./list.ts"
import { resendLaws } from "./resend.ts"
import { revokeLaws } from "./revoke.ts"
import { tokens } from "./world.ts"

/** What an implementation brings: `Seats` and its outbox, filled with the world of the laws, at their start, for the holder of a token. */
export interface Implementation {
  /** Which of Polar's doors it stands for: the laws of the other do not bind it. */
  readonly surface: Surface
  readonly layer: (token: string) => Layer.Layer<Seats | Outbox>
}

const laws = [...resendLaws, ...listLaws, ...assignLaws, ...revokeLaws, ...claimedSubscriptionsLaws]

/** Runs every law on an implementation: under the test clock, or where there are sockets on the real one. */
export const obeys = ({ layer, surface }: Implementation, test: typeof it.effect | typeof it.live): void => {
  const own = surface === "portal" ? tokens.customer : tokens.organization
  const bound = laws.filter((law) => law.surface === undefined || law.surface === surface)
  test.each(bound)("$name", ({ holds, token = own }) => Effect.provide(holds, layer(token)))
}
