import assert from 'node:assert/strict'

/** Reads a matrix of NumPy's format, version 1.0, as numpy.lib.format describes it, by hand. */
export function readNpy (file: Buffer): { readonly shape: readonly number[], readonly rows: readonly Float32Array[] } {
  assert.equal(file.toString('latin1', 0, 8), '\x93NUMPY\x01\x00')
  const start = 10 + file.readUInt16LE(8)
  assert.equal(start % 64, 0, 'the numbers are aligned')
  const header = file.toString('latin1', 10, start)
  const [, rows, columns] = /^\{'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\), \} *\n$/.exec(header)?.map(Number) ?? []
  assert.ok(rows !== undefined && columns !== undefined, header)
  assert.equal(file.length, start + rows * columns * 4)
  const values = Float32Array.from({ length: rows * columns }, (_, index) => file.readFloatLE(start + index * 4))
  return { shape: [rows, columns], rows: Array.from({ length: rows }, (_, row) => values.subarray(row * columns, (row + 1) * columns)) }
}
