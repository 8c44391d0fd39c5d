/** Markup that is safe to stand in a page. */
export class Html {
  constructor (readonly markup: string) {}
}

type Part = Html | readonly Html[] | string | number

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }

/** Markup with values in it: text is escaped, markup is taken as it is. */
export function html (strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.reduce((markup, text, index) => markup + markupOf(parts[index - 1] ?? '') + text))
}

function markupOf (part: Part): string {
  if (part instanceof Html) return part.markup
  if (typeof part === 'string') return part.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
  return typeof part === 'number' ? String(part) : part.map(({ markup }) => markup).join('')
}
