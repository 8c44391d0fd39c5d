/** Pads each column to its widest cell; numbers, which fill all but the first columns' rows, to the right. */
export function aligned (rows: readonly string[][]): string[][] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const isNumeric = widths.map((_, column) => rows.slice(1).every((row) => /^[\d,.%]+$/.test(row[column] ?? '')))
  return rows.map((row) => row.map((cell, column) => {
    const width = widths[column] ?? 0
    return isNumeric[column] === true ? cell.padStart(width) : cell.padEnd(width)
  }))
}

/** Prints rows on standard output, two spaces between columns. */
export function print (rows: readonly string[][]): void {
  for (const row of rows) process.stdout.write(`${row.join('  ').trimEnd()}\n`)
}

export function thousands (value: number): string {
  return value.toLocaleString('en-US')
}

export function percent (share: number): string {
  return `${(share * 100).toFixed(1)}%`
}
