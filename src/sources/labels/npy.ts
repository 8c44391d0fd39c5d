import { OperatorError } from '../../base/errors.js'
import type { Label } from '../../model/labels.js'

const MAGIC = '\x93NUMPY'
const HEADER = /'descr':\s*'([<>|=]?)([US])(\d+)'.*'shape':\s*\((\d+),?\s*\)/s

/** Whether bytes are an array of NumPy's. */
export function isNpy (bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, MAGIC.length) === MAGIC
}

/**
 * A list of texts as `np.save` writes it (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). Throws an OperatorError for
 * another array: one of objects is a pickle inside.
 */
export function npyLabels (bytes: Buffer): Label[] {
  const isFirst = bytes[6] === 1
  const start = isFirst ? 10 : 12
  if (bytes.length < start) throw new OperatorError('it is cut off')
  const dataStart = start + (isFirst ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8))
  const header = bytes.toString('latin1', start, Math.min(dataStart, bytes.length))
  const [, order, kind, size, count] = HEADER.exec(header) ?? []
  if (size === undefined || count === undefined) {
    throw new OperatorError(`it is no NumPy array of texts in one dimension, as np.save writes np.array(['one', 'two']): ${header.trim()}`)
  }
  const itemBytes = Number(size) * (kind === 'U' ? 4 : 1)
  if (dataStart + itemBytes * Number(count) !== bytes.length) {
    throw new OperatorError(`its ${count} texts do not fit its ${bytes.length} bytes`)
  }
  return Array.from({ length: Number(count) }, (_, index) => {
    const item = bytes.subarray(dataStart + index * itemBytes, dataStart + (index + 1) * itemBytes)
    return { label: (kind === 'U' ? wide(item, order === '>') : item.toString('latin1')).replace(/\0+$/, '') }
  })
}

/** UTF-32. */
function wide (item: Buffer, isBigEndian: boolean): string {
  const read = isBigEndian ? item.readUInt32BE.bind(item) : item.readUInt32LE.bind(item)
  const points = Array.from({ length: item.length / 4 }, (_, index) => read(index * 4))
  if (points.some((point) => point > 0x10ffff)) throw new OperatorError('its texts are damaged')
  return String.fromCodePoint(...points)
}
