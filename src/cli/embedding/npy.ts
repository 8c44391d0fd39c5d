/** Magic string, version 1.0 and the length of the text that follows. */
const PREAMBLE_BYTES = 10
/** Length of the whole header: a multiple of 64, with room for any shape, so that it can be written anew when the rows are counted. */
export const NPY_HEADER_BYTES = 128

/**
 * The header of NumPy's format, version 1.0, of a [rows, columns] array of little-endian float32 in C order; the numbers follow,
 * row by row. (numpy.lib.format)
 */
export function npyHeader (rows: number, columns: number): Buffer {
  const header = Buffer.alloc(NPY_HEADER_BYTES, ' ')
  header.write('\x93NUMPY\x01\x00', 'latin1')
  header.writeUInt16LE(NPY_HEADER_BYTES - PREAMBLE_BYTES, PREAMBLE_BYTES - 2)
  header.write(`{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`, PREAMBLE_BYTES)
  header.write('\n', NPY_HEADER_BYTES - 1)
  return header
}
