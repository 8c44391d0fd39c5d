/** Columns padded to their widest cell; the first column to the left, numbers to the right. */
export function formatTable (header: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string => widths.map((width, column) => column === 0 ? (row[column] ?? '').padEnd(width) : (row[column] ?? '').padStart(width)).join('  ')
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}
