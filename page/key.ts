import { part } from './dom.js'

/** Kept until the tab is closed. */
const STORED_AS = 'xception-serve-key'

/** The person's API key, which the page asks for where the service does. */
export class Key {
  private readonly field: HTMLInputElement

  constructor (private readonly form: HTMLFormElement, onEntered: () => void) {
    this.field = part(form, 'key', HTMLInputElement)
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const value = this.field.value.trim()
      if (value === '') return
      sessionStorage.setItem(STORED_AS, value)
      this.tell('The key is used until you close this tab.')
      onEntered()
    })
  }

  get value (): string | undefined {
    return sessionStorage.getItem(STORED_AS) ?? undefined
  }

  ask (): void {
    this.form.hidden = false
  }

  /** To be called when the service does not know the key. */
  refuse (): void {
    sessionStorage.removeItem(STORED_AS)
    this.ask()
    this.tell('The service does not know this key. Check it, and enter it again.')
  }

  private tell (sentence: string): void {
    part(this.form, 'key-words', HTMLElement).textContent = sentence
  }
}
