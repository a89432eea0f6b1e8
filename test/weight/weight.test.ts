import { createRequire } from "node:module"
import { assert, it } from "vitest"
import { weigh } from "../../bench/src/bundle.ts"

// docs/adr/0016-what-an-app-ships.md gives the reasons. A module that comes in by mistake mostly has a call at its top

const { resolve } = createRequire(import.meta.url)
const client = resolve("@polar-seats/http/PortalSeats")
const notNeeded = [
  resolve("@polar-seats/domain/SeatLifecycle"),
  resolve("@polar-seats/http/CustomerSessions"),
  resolve("effect/Cache")
]

it("an app with PortalSeats.layer ships nothing that models Polar or creates sessions", async () => {
  const { modules } = await weigh("weight/oursOne")
  assert.include(modules, client)
  assert.deepEqual(
    notNeeded.filter((path) => modules.includes(path)),
    []
  )
})

it("an app with PortalSeats.layer ships no module of emulator and none of invitations", async () => {
  const { modules } = await weigh("weight/oursOne")
  assert.include(modules, client)
  assert.deepEqual(
    modules.filter((path) => /\/packages\/(emulator|invitations)\//.test(path)),
    []
  )
})

it("an import from the indexes adds less than 3.5 KB, gzipped, if a bundler takes no namespace apart", async () => {
  const byPath = await weigh("weight/effectApp", "weight/oursOne")
  const byIndex = await weigh("weight/effectApp", "weight/oursIndex")
  assert.isBelow((byIndex.gzipped - byPath.gzipped) / 1024, 3.5)
})

it("one resend adds less than 19.1 KB, gzipped, to an app that uses Effect already", async () => {
  const base = await weigh("weight/effectApp")
  const both = await weigh("weight/effectApp", "weight/oursOne")
  assert.isBelow((both.gzipped - base.gzipped) / 1024, 19.1)
})

it("a browser that calls an app's own API ships the errors of Invitations, and no module that acts", async () => {
  const { modules } = await weigh("weight/seatsApi")
  assert.include(modules, resolve("@polar-seats/http/SeatHttpApi"))
  assert.sameMembers(
    modules.flatMap((path) => /\/packages\/invitations\/src\/(.*)/.exec(path)?.[1] ?? []),
    ["InvitationError.ts", "Invitations.ts", "Reissue.ts", "internal/journalError.ts", "internal/journalKey.ts"]
  )
})
