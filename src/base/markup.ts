/** A text as it stands between tags of SVG, XML or HTML. */
export function escapedText (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
