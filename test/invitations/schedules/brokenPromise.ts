import { run } from "./interpreter.ts"
import { print, scheduleOf, shrink } from "./schedule.ts"

/** Runs schedules one after the other, until one breaks a promise. Returns that one in its smallest form. */
export const brokenPromise = async (count: number, firstSeed: number): Promise<string | undefined> => {
  const began = performance.now()
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const violations = await run(scheduleOf(seed))
    if (violations.length === 0) continue
    const smallest = await shrink(scheduleOf(seed), async (each) => (await run(each)).length > 0)
    const broken = [...new Set(await run(smallest))].join("\n")
    return `seed ${seed}, ${smallest.steps.length} steps: ${broken}\n${print(smallest)}`
  }
  const seconds = (performance.now() - began) / 1000
  console.log(`${count} schedules, ${(count / seconds).toFixed(0)} a second`)
  return undefined
}
