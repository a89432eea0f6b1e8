/** A source of random values that a seed decides. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  readonly int: (below: number) => number
  /** Whether something happens that happens once in so many times. */
  readonly once: (inTimes: number) => boolean
  readonly pick: <A>(from: ReadonlyArray<A>) => A
}

const hash = (text: string): number => {
  let state = 0x811c9dc5
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193)
  return state
}

/** Mulberry32, which is fast and random enough to find faults. */
export const makeRandom = (seed: string): Random => {
  let state = hash(seed)
  const int = (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
  const pick = <A>(from: ReadonlyArray<A>): A => {
    const index = int(from.length)
    if (!(index in from)) throw new Error("nothing to pick from")
    return from[index] as A
  }
  return { int, once: (inTimes) => int(inTimes) === 0, pick }
}
