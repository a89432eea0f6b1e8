const firstCapacity = 1024

/** Copies numbers into an array that has twice the room. */
export const doubled = (numbers: Uint32Array): Uint32Array<ArrayBuffer> => {
  const more = new Uint32Array(numbers.length * 2)
  more.set(numbers)
  return more
}

/** A hash of 32 bits. Its low bits are as good as its high ones. */
export const hashOf = (text: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Finds rows by a hash. Different things may have the same hash, so a caller compares what it finds. */
export interface HashTable {
  readonly add: (hash: number, row: number) => void
  /** The rows that were added with this hash, the latest first. */
  readonly rowsOf: (hash: number) => Generator<number>
  readonly find: (hash: number, isWanted: (row: number) => boolean) => number | undefined
}

/**
 * Makes a table outside of JavaScript's heap. A `Map` ends at 16.7 million keys, and with its keys it would weigh more than
 * the lines that it finds. A row is a number below 2^32.
 */
export const makeHashTable = (): HashTable => {
  let size = 0
  let hashes = new Uint32Array(firstCapacity)
  let rows = new Uint32Array(firstCapacity)
  // Each bucket is a chain. A link is the place of a row, plus one, because 0 ends the chain
  let heads = new Uint32Array(firstCapacity)
  let nexts = new Uint32Array(firstCapacity)
  const headOf = (hash: number) => heads[hash & (heads.length - 1)] ?? 0
  const link = (place: number) => {
    const hash = hashes[place] ?? 0
    nexts[place] = headOf(hash)
    heads[hash & (heads.length - 1)] = place + 1
  }
  const grow = () => {
    hashes = doubled(hashes)
    rows = doubled(rows)
    nexts = doubled(nexts)
    heads = new Uint32Array(hashes.length)
    for (let place = 0; place < size; place++) link(place)
  }
  return {
    add: (hash, row) => {
      if (size === rows.length) grow()
      hashes[size] = hash
      rows[size] = row
      link(size++)
    },
    rowsOf: function* (hash) {
      for (let link = headOf(hash); link !== 0; link = nexts[link - 1] ?? 0) {
        if (hashes[link - 1] === hash) yield rows[link - 1] ?? 0
      }
    },
    find: (hash, isWanted) => {
      for (let link = headOf(hash); link !== 0; link = nexts[link - 1] ?? 0) {
        const row = rows[link - 1] ?? 0
        if (hashes[link - 1] === hash && isWanted(row)) return row
      }
      return undefined
    }
  }
}
