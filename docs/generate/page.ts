/**
 * Replaces what stands between the lines `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` of a page by `text`, which is empty
 * or ends with a line break. Throws an Error if the page lacks one of them.
 */
export function replaceBlock (page: string, name: string, text: string): string {
  const [opening, closing] = [`<!-- bench:${name} -->\n`, `<!-- /bench:${name} -->`]
  const [from, to] = [page.indexOf(opening), page.indexOf(closing)]
  if (from < 0 || to < from) {
    throw new Error(`the page has no place for the table ${name}: put ${opening.trim()} and ${closing} on lines of their own`)
  }
  return page.slice(0, from + opening.length) + text + page.slice(to)
}
