/** What a command's help ends with. */
export function examples (...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ xception ${line}`).join('\n')}`
}
