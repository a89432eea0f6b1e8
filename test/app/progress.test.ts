import { render } from "../../packages/app/src/output/progress.ts"
import { assert, describe, it } from "vitest"

const state = { what: "Mailing", done: 150, total: 600, details: ["120 resent", "30 reissued"] }

describe("the line that shows how far it is", () => {
  it("has a bar, counts, the rate and the time left", () => {
    assert.strictEqual(
      render(state, 90_000, 120),
      "[#######-----------------------] Mailing 150/600, 120 resent, 30 reissued, 100/min, 4 min 30 s left"
    )
  })

  it("knows no rate before the first is done, and is whole at the end", () => {
    assert.match(render({ ...state, done: 0, details: [] }, 1000, 120), /^\[-{30}\] Mailing 0\/600$/)
    assert.match(render({ ...state, done: 600 }, 60_000, 120), /^\[#{30}\] .*, 0 s left$/)
  })

  it("fits any terminal on one line, and leaves out the bar and the details first", () => {
    for (let columns = 1; columns <= 200; columns++) {
      assert.isBelow(render(state, 90_000, columns).length, Math.max(2, columns), `${columns}`)
    }
    assert.strictEqual(render(state, 90_000, 42), "Mailing 150/600, 100/min, 4 min 30 s left".slice(0, 41))
  })
})
