/** Copies the text of an element. Where the page may not, as over plain HTTP, the text is selected; false if that is all. */
export async function copyText (element: HTMLElement): Promise<boolean> {
  // Over plain HTTP browsers have no clipboard for pages, but for this machine's own.
  if (window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(element.textContent)
      return true
    } catch {
      // The person or the browser refused it: the older way asks for nothing.
    }
  }
  window.getSelection()?.selectAllChildren(element)
  return document.execCommand('copy')
}
