/** Cells of text; a row may be shorter than the header. */
export interface Table {
  readonly header: readonly string[]
  readonly rows: ReadonlyArray<readonly string[]>
}

/** For a terminal: columns padded to their widest cell; the first column to the left, numbers to the right. */
export function formatTable ({ header, rows }: Table): string {
  const all = [header, ...rows]
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const padded = (cell: string, width: number, column: number): string => column === 0 ? cell.padEnd(width) : cell.padStart(width)
  const line = (row: readonly string[]): string => widths.map((width, column) => padded(row[column] ?? '', width, column)).join('  ')
  return [line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')
}

export function markdownTable ({ header, rows }: Table): string {
  const line = (row: readonly string[]): string => `| ${header.map((_, column) => row[column] ?? '').join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}
