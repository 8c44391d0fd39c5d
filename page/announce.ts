import { part } from './dom.js'

/** What was said longer ago is of no use to anybody. */
const MOST_SENTENCES = 20

/** Has screen readers say a sentence, after those that they are saying. */
export function announce (sentence: string): void {
  const log = part(document, 'announcements', HTMLElement)
  const line = document.createElement('p')
  line.textContent = sentence
  log.append(line)
  while (log.childElementCount > MOST_SENTENCES) log.firstElementChild?.remove()
}
