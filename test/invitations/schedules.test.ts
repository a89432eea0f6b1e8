import { assert, it } from "vitest"
import { run } from "./schedules/interpreter.ts"
import { print, scheduleOf, shrink } from "./schedules/schedule.ts"

const count = Number(process.env["SCHEDULES"] ?? 300)
const first = Number(process.env["SEED"] ?? 1)

it(`keeps the promises S1 to S6 over ${count} random schedules`, { timeout: 60_000 + count * 1000 }, async () => {
  const began = performance.now()
  for (let seed = first; seed < first + count; seed++) {
    const violations = await run(scheduleOf(seed))
    if (violations.length === 0) continue
    const smallest = await shrink(scheduleOf(seed), async (each) => (await run(each)).length > 0)
    const broken = [...new Set(await run(smallest))].join("\n")
    assert.fail(`seed ${seed}, ${smallest.steps.length} steps: ${broken}\n${print(smallest)}`)
  }
  const seconds = (performance.now() - began) / 1000
  console.log(`${count} schedules, ${(count / seconds).toFixed(0)} a second`)
})
