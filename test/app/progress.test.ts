import { formatProgress } from "../../packages/app/src/output/progress.ts"
import { assert, describe, it } from "vitest"

const state = { what: "Mailing", done: 150, total: 600, details: ["120 resent", "30 reissued"] }

describe("the progress line", () => {
  it("shows a bar, counts, the rate and the time left", () => {
    assert.strictEqual(
      formatProgress(state, 90_000, 120),
      "[#######-----------------------] Mailing 150/600, 120 resent, 30 reissued, 100/min, 4 min 30 s left"
    )
  })

  it("shows no rate before the first seat is done, and a full bar at the end", () => {
    assert.match(formatProgress({ ...state, done: 0, details: [] }, 1000, 120), /^\[-{30}\] Mailing 0\/600$/)
    assert.match(formatProgress({ ...state, done: 600 }, 60_000, 120), /^\[#{30}\] .*, 0 s left$/)
  })

  it("fits on one line of any terminal, and leaves out the bar and the details first", () => {
    for (let columns = 1; columns <= 200; columns++) {
      assert.isBelow(formatProgress(state, 90_000, columns).length, Math.max(2, columns), `${columns}`)
    }
    assert.strictEqual(formatProgress(state, 90_000, 42), "Mailing 150/600, 100/min, 4 min 30 s left".slice(0, 41))
  })
})
