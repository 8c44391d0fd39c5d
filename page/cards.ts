import { Card, type CardTools } from './card.js'
import { part } from './dom.js'
import { counted } from './numbers.js'

/** The pictures on the page, those that came last first. */
export class Cards {
  private readonly cards = new Set<Card>()
  private readonly list: HTMLElement
  private readonly title: HTMLElement

  constructor (private readonly root: HTMLElement, private readonly tools: CardTools) {
    this.list = part(root, 'cards', HTMLElement)
    this.title = part(root, 'results-title', HTMLElement)
    part(root, 'clear', HTMLButtonElement).addEventListener('click', () => { this.clear() })
  }

  /** Puts pictures on the page in their order, and has each classified. */
  add (files: readonly File[]): void {
    const added = files.map((file) => new Card(file, this.tools, (card) => { this.remove(card) }))
    this.list.prepend(...added.map(({ element }) => element))
    for (const card of added) this.cards.add(card)
    this.show()
    if (files.length > 1) this.tools.announce(`${counted(files.length, 'picture')} added.`)
    this.run(added)
  }

  /** Tries again those that failed for one of these reasons. */
  runFailed (codes: readonly string[]): void {
    this.run([...this.cards].filter(({ failureCode }) => failureCode !== undefined && codes.includes(failureCode)))
  }

  private run (cards: readonly Card[]): void {
    // A rejection is a fault of the page, which the browser reports.
    for (const card of cards) void card.run()
  }

  private remove (card: Card): void {
    const next = card.element.nextElementSibling ?? card.element.previousElementSibling
    card.remove()
    this.cards.delete(card)
    this.show()
    // Whoever uses the keyboard goes on where they were.
    if (next === null) this.focusStart()
    else part(next, 'remove', HTMLElement).focus()
  }

  private clear (): void {
    for (const card of this.cards) card.remove()
    this.cards.clear()
    this.show()
    this.focusStart()
  }

  private focusStart (): void {
    part(document, 'choose', HTMLElement).focus()
  }

  private show (): void {
    const count = this.cards.size
    this.root.hidden = count === 0
    this.title.textContent = counted(count, 'picture')
    document.body.classList.toggle('has-cards', count > 0)
  }
}
