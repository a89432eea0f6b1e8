import { type Attack, attacksOn, textOf } from "./attacks.ts"

/** The microseconds of this thread's own work. They do not grow when the machine has more to do. */
const measure = (run: () => unknown): number => {
  const before = process.threadCpuUsage()
  run()
  const { system, user } = process.threadCpuUsage(before)
  return user + system
}

/** If some work takes less, its growth does not matter. */
const fewMicroseconds = 4_000
// For 8 times the length, linear work grows 8 times and quadratic work 64 times
const mostGrowth = 24

/** The least of some tries counts, because nothing makes work less than it is. */
const leastGrowth = (tries: Iterable<readonly [short: number, long: number]>): number => {
  let least = Number.POSITIVE_INFINITY
  let growth = Number.POSITIVE_INFINITY
  for (const [short, long] of tries) {
    least = Math.min(least, short)
    growth = Math.min(growth, long < fewMicroseconds ? 0 : long / Math.max(1, least))
  }
  return growth
}

export const isLinear = (growth: number): boolean => growth <= mostGrowth

const tries = 4

/** The growth of the work of a promise from a text of 4,000 characters to one of 32,000. */
export const measureGrowth = async (run: (length: number) => Promise<unknown>): Promise<number> => {
  const measureRun = async (length: number): Promise<number> => {
    const before = process.threadCpuUsage()
    await run(length)
    const { system, user } = process.threadCpuUsage(before)
    return user + system
  }
  const measured: Array<readonly [number, number]> = []
  while (measured.length < tries && !isLinear(leastGrowth(measured))) {
    measured.push([await measureRun(4_000), await measureRun(32_000)])
  }
  return leastGrowth(measured)
}

// Work that grows exponentially, or with the cube, shows at a length at which it does not yet hang
const lengths = [16, 20, 24, 28, 32, 128, 512, 2_048, 16_384]

/** As a regex is used: it replaces whatever it matches. */
const use = (regex: RegExp, text: string) => {
  regex.lastIndex = 0
  return text.replace(regex, "")
}

/** The attack under which the work of a regex grows more than in proportion to the text. Undefined if it stands them all. */
export const findSlowAttack = (regex: RegExp): (Attack & { readonly growth: number }) | undefined => {
  for (const attack of attacksOn(regex)) {
    for (const length of lengths) {
      const text = textOf(attack, length)
      if (measure(() => use(regex, text)) < fewMicroseconds) continue
      const short = textOf(attack, length / 8)
      const measured: Array<readonly [number, number]> = []
      while (measured.length < tries && !isLinear(leastGrowth(measured))) {
        measured.push([measure(() => use(regex, short)), measure(() => use(regex, text))])
      }
      const growth = leastGrowth(measured)
      if (!isLinear(growth)) return { ...attack, growth: Math.round(growth) }
    }
  }
  return undefined
}
