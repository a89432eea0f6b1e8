import { doubled } from "./hashTable.ts"

const blockSize = 1024 * 1024
// A piece begins with its row and its length
const headSize = 8
const maxSpares = 4

interface Block {
  readonly view: DataView
  readonly bytes: Uint8Array
  used: number
  /** How many of the used bytes belong to pieces that were replaced. */
  dead: number
}

const makeBlock = (size: number): Block => {
  const bytes = new Uint8Array(size)
  return { view: new DataView(bytes.buffer), bytes, used: 0, dead: 0 }
}

/** Bytes by their row. */
export interface ByteBlocks {
  /** Keeps a copy of the bytes of a row, instead of those that were kept before. */
  readonly set: (row: number, bytes: Uint8Array) => void
  /** The bytes of a row. The next `set` may move them. */
  readonly get: (row: number) => Uint8Array
}

/**
 * Keeps bytes in large blocks, outside of JavaScript's heap. Neither the limit of the heap nor its garbage collector meets
 * them. At most a quarter of a full block is wasted on bytes that were replaced: with more, the rest moves to another block.
 */
export const makeByteBlocks = (): ByteBlocks => {
  let current = makeBlock(blockSize)
  let currentIndex = 0
  const blocks: Array<Block | undefined> = [current]
  const freeIndexes: Array<number> = []
  const spares: Array<Block> = []
  // The block of a row, plus one, and where its bytes begin in it
  let blockOf = new Uint32Array(1024)
  let offsetOf = new Uint32Array(1024)

  const isWasteful = ({ dead, used }: Block) => dead * 4 > used
  const open = (size: number) => {
    const spare = size <= blockSize ? spares.pop() : undefined
    current = spare ?? makeBlock(Math.max(blockSize, size))
    currentIndex = freeIndexes.pop() ?? blocks.length
    blocks[currentIndex] = current
  }
  const free = (block: Block, index: number) => {
    blocks[index] = undefined
    freeIndexes.push(index)
    if (block.bytes.length !== blockSize || spares.length === maxSpares) return
    block.used = 0
    block.dead = 0
    spares.push(block)
  }
  const isAt = (row: number, index: number, offset: number) => blockOf[row] === index + 1 && offsetOf[row] === offset
  const evacuate = (block: Block, index: number) => {
    for (let offset = headSize; offset < block.used;) {
      const row = block.view.getUint32(offset - headSize)
      const length = block.view.getUint32(offset - headSize + 4)
      if (isAt(row, index, offset)) place(row, block.bytes.subarray(offset, offset + length))
      offset += length + headSize
    }
    free(block, index)
  }
  const place = (row: number, bytes: Uint8Array) => {
    const size = headSize + bytes.length
    while (current.used + size > current.bytes.length) {
      const [full, index] = [current, currentIndex]
      open(size)
      // Its rest may fill the new block
      if (isWasteful(full)) evacuate(full, index)
    }
    const { used, view } = current
    view.setUint32(used, row)
    view.setUint32(used + 4, bytes.length)
    current.bytes.set(bytes, used + headSize)
    blockOf[row] = currentIndex + 1
    offsetOf[row] = used + headSize
    current.used += size
  }
  const lengthOf = ({ view }: Block, row: number) => view.getUint32((offsetOf[row] ?? 0) - 4)
  const drop = (row: number) => {
    const index = (blockOf[row] ?? 0) - 1
    const block = blocks[index]
    if (block === undefined) return
    block.dead += headSize + lengthOf(block, row)
    blockOf[row] = 0
    if (block !== current && isWasteful(block)) evacuate(block, index)
  }
  return {
    set: (row, bytes) => {
      while (row >= blockOf.length) {
        blockOf = doubled(blockOf)
        offsetOf = doubled(offsetOf)
      }
      drop(row)
      place(row, bytes)
    },
    get: (row) => {
      const block = blocks[(blockOf[row] ?? 0) - 1]
      const offset = offsetOf[row] ?? 0
      return block === undefined ? new Uint8Array() : block.bytes.subarray(offset, offset + lengthOf(block, row))
    }
  }
}
