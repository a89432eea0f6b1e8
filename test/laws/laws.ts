import type { it } from "@effect/vitest"
import type { Outbox } from "@polar-seats/emulator/Outbox"
import { type ApiSurface, Named } from "./law.ts"
import type { Seats } from "@polar-seats/domain/Seats"
import { Effect, type Layer } from "effect"
import { addressLaws } from "./addresses.ts"
import { assignLaws } from "./assign.ts"
import { claimedSubscriptionsLaws } from "./claimedSubscriptions.ts"
import { listLaws } from "./list.ts"
import { resendLaws } from "./resend.ts"
import { revokeLaws } from "./revoke.ts"
import { tokens } from "./world.ts"

/** An implementation to test: `Seats` and its outbox at the start of the laws, with their world and a token. */
export interface Implementation {
  /** The API surface that it implements. The laws of the other surface do not apply to it. */
  readonly surface: ApiSurface
  readonly layer: (token: string) => Layer.Layer<Seats | Outbox>
  /** The host that its errors name, if it asks one. */
  readonly host?: RegExp
}

const laws = [...resendLaws, ...listLaws, ...assignLaws, ...addressLaws, ...revokeLaws, ...claimedSubscriptionsLaws]

/** Runs every law on an implementation. `it.effect` uses the test clock, and `it.live` the real one, for sockets. */
export const obeys = ({ host, layer, surface }: Implementation, test: typeof it.effect | typeof it.live): void => {
  const own = surface === "portal" ? tokens.customer : tokens.organization
  const applicable = laws.filter((law) => law.surface === undefined || law.surface === surface)
  const named: Named = { surface: surface === "portal" ? "CustomerPortal" : "Organization", host }
  test.each(applicable)("$name", ({ holds, token = own }) =>
    holds.pipe(Effect.provide(layer(token)), Effect.provideService(Named, named))
  )
}
