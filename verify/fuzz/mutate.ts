import type { Draw } from './draw.js'

/** Where sizes, counts and offsets overflow. */
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]
const MOST_CHANGES = 6
/** Longest piece that is copied, left out or put in. */
const MOST_BYTES = 64

type Change = (bytes: Buffer, draw: Draw) => Buffer

const CHANGES: readonly Change[] = [
  (bytes, draw) => overwrite(bytes, draw, Buffer.of((bytes[draw.below(bytes.length)] ?? 0) ^ 1 << draw.below(8))),
  (bytes, draw) => overwrite(bytes, draw, draw.bytes(draw.between(1, 4))),
  (bytes, draw) => overwrite(bytes, draw, integer(draw)),
  (bytes, draw) => splice(bytes, draw, draw.below(MOST_BYTES), Buffer.of()),
  (bytes, draw) => splice(bytes, draw, 0, draw.bytes(draw.below(MOST_BYTES))),
  (bytes, draw) => splice(bytes, draw, 0, pieceOf(bytes, draw)),
  (bytes, draw) => overwrite(bytes, draw, pieceOf(bytes, draw)),
  (bytes, draw) => bytes.subarray(0, draw.below(bytes.length + 1))
]

/** A copy with some changes as transmission errors, broken writers and attackers make them. Now and then it is the same. */
export function mutate (bytes: Buffer, draw: Draw): Buffer {
  let changed = Buffer.from(bytes)
  for (let change = draw.below(MOST_CHANGES); change > 0; change--) changed = Buffer.from(draw.oneOf(...CHANGES)(changed, draw))
  return changed
}

function overwrite (bytes: Buffer, draw: Draw, by: Buffer): Buffer {
  by.copy(bytes, placeIn(bytes, draw))
  return bytes
}

function splice (bytes: Buffer, draw: Draw, removed: number, inserted: Buffer): Buffer {
  const start = placeIn(bytes, draw)
  return Buffer.concat([bytes.subarray(0, start), inserted, bytes.subarray(start + removed)])
}

/** Headers decide most, and stand first. */
function placeIn (bytes: Buffer, draw: Draw): number {
  return draw.below(draw.once(2) ? Math.min(bytes.length, 200) + 1 : bytes.length + 1)
}

function pieceOf (bytes: Buffer, draw: Draw): Buffer {
  const start = placeIn(bytes, draw)
  return bytes.subarray(start, start + draw.below(MOST_BYTES))
}

function integer (draw: Draw): Buffer {
  const value = draw.oneOf(...INTERESTING)
  const bytes = Buffer.alloc(4)
  if (draw.once(2)) bytes.writeUInt32BE(value)
  else bytes.writeUInt32LE(value)
  return bytes
}
