import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { assert, it } from "vitest"
import { weigh } from "../../bench/src/bundle.ts"

// docs/adr/0016-what-an-app-ships.md has the reasons. What comes in by mistake is mostly a call at the top of a module

const { resolve } = createRequire(import.meta.url)
const client = resolve("@polar-seats/http/PortalSeats")
const notNeeded = [
  fileURLToPath(new URL("../../packages/emulator/src/internal/model/polarModel.ts", import.meta.url)),
  resolve("@polar-seats/domain/SeatLifecycle"),
  resolve("@polar-seats/emulator/World"),
  fileURLToPath(new URL("../../packages/emulator/src/internal/model/database.ts", import.meta.url)),
  resolve("@polar-seats/http/CustomerSessions"),
  resolve("effect/Cache")
]

it("an app with PortalSeats.layer ships no model of Polar, and nothing that creates sessions", async () => {
  const { modules } = await weigh("weight/oursOne")
  assert.include(modules, client)
  assert.deepEqual(
    notNeeded.filter((path) => modules.includes(path)),
    []
  )
})

it("one resend adds no more than 17.3 KB, gzipped, to an app that uses Effect already", async () => {
  const base = await weigh("weight/effectApp")
  const both = await weigh("weight/effectApp", "weight/oursOne")
  assert.isBelow((both.gzipped - base.gzipped) / 1024, 17.3)
})
