import { assert, it } from "vitest"
import { root } from "../../scripts/packages.ts"
import { weigh } from "../../bench/src/bundle.ts"

it("a bundle of PortalSeats.layer holds modules of domain and http alone", async () => {
  const { modules } = await weigh("weight/oursOne")
  const ours = modules.filter((path) => path.startsWith(`${root}packages/`)).map((path) => path.slice(root.length))
  assert.include(ours, "packages/http/src/PortalSeats.ts")
  assert.deepEqual(
    ours.filter((path) => !/^packages\/(domain|http)\/src\//.test(path)),
    []
  )
})
