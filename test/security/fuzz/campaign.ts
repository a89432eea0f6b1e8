import { makeRandom, type Random } from "./random.ts"

/** Tries random cases. */
export interface Fuzzer {
  /** Tries one case, and throws if it finds a fault. It tells `note` what it tries, so that a fault can be reproduced. */
  readonly attempt: (random: Random, note: (what: unknown) => void) => Promise<void> | void
  /** Makes the state that the cases of a block share. The default is none. */
  readonly reset?: () => Promise<unknown>
  /** Counts of what the cases met, for people. */
  readonly seen?: ReadonlyMap<string, number>
}

// A case depends on its number, the seed, and the cases before it in its block
const blockSize = 50

const show = (what: unknown): string =>
  JSON.stringify(what, (_, value: unknown) =>
    value instanceof Uint8Array ? `base64:${Buffer.from(value).toString("base64")}` : value
  )

interface Limits {
  readonly cases: number
  readonly seconds: number
  readonly seed: string
}

/**
 * Tries cases until there were enough, or the time is over, and prints the seed. `SEED` sets another one. With `CASE`, only the
 * block of that case runs.
 */
export const runFuzzer = async (name: string, fuzzer: Fuzzer, limits: Limits): Promise<number> => {
  const seed = process.env["SEED"] ?? limits.seed
  const only = process.env["CASE"] === undefined ? undefined : Number(process.env["CASE"])
  const begin = performance.now()
  const first = only === undefined ? 0 : only - (only % blockSize)
  const end = only === undefined ? limits.cases : only + 1
  let index = first
  for (; index < end && performance.now() - begin < limits.seconds * 1000; index++) {
    let noted: unknown
    try {
      if (index % blockSize === 0) await fuzzer.reset?.()
      await fuzzer.attempt(makeRandom(`${seed}/${index}`), (what) => void (noted = what))
    } catch (error) {
      throw new Error(
        `${name}: case ${index} of seed ${seed} found a fault: ${error instanceof Error ? error.message : String(error)}\n` +
          `  ${show(noted)}\n` +
          `To reproduce: SEED=${seed} CASE=${index} npx -y pnpm@10.34.8 vitest run security/fuzz.test -t "${name}"`,
        { cause: error }
      )
    }
  }
  const seen = Array.from(fuzzer.seen ?? [], ([what, count]) => `${what} ${count}`).join(", ")
  const seconds = (performance.now() - begin) / 1000
  process.stdout.write(
    `${name}: seed ${seed}, ${index - first} cases in ${seconds.toFixed(1)} s${seen === "" ? "" : `: ${seen}`}\n`
  )
  return index - first
}
