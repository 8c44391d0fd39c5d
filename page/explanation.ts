import type { Input } from '../src/contract/models.js'
import { placeInWords } from './attention.js'
import { part } from './dom.js'
import { Failure, wordsFor } from './failure.js'
import type { Picture } from './picture.js'
import type { Predictions } from './predictions.js'
import type { Answer } from './service.js'

export interface ExplanationParts {
  readonly picture: Picture
  readonly predictions: Predictions
  /** Asks the service for the picture's maps. Throws a Failure. */
  readonly ask: () => Promise<{ readonly answer: Answer, readonly input: Input }>
  readonly announce: (sentence: string) => void
}

/** The switch "Where the network looked": asks once, on demand, then shows the map of the chosen label. */
export class Explanation {
  private readonly button: HTMLButtonElement
  private readonly words: HTMLElement
  private readonly legend: HTMLElement
  private explained: { readonly answer: Answer, readonly input: Input } | undefined

  constructor (private readonly root: HTMLElement, private readonly parts: ExplanationParts) {
    this.button = part(root, 'explain', HTMLButtonElement)
    this.words = part(root, 'explain-words', HTMLElement)
    this.legend = part(root, 'legend', HTMLElement)
    this.button.addEventListener('click', async () => {
      if (this.isOn) this.turnOff()
      else await this.turnOn()
    })
  }

  /** To be called once there are predictions. */
  offer (): void {
    this.root.hidden = false
  }

  /** Shows the map of the label that is chosen now. */
  show (): void {
    if (this.explained === undefined || !this.isOn) return
    const { answer: { predictions }, input } = this.explained
    const { label = '', explanation } = predictions[this.parts.predictions.chosen] ?? {}
    const isMap = explanation !== undefined && 'values' in explanation
    this.legend.hidden = !isMap
    if (!isMap) {
      this.parts.picture.hideMap()
      this.say(explanation?.detail ?? 'The service does not say where its network looked.')
      return
    }
    part(this.legend, 'outside', HTMLElement).hidden = this.parts.picture.showMap(explanation, input)
    for (const name of this.legend.querySelectorAll('b')) name.textContent = label
    this.say(`For ${label}, the network found most ${placeInWords(explanation)}.`)
  }

  private get isOn (): boolean {
    return this.button.ariaPressed === 'true'
  }

  private async turnOn (): Promise<void> {
    this.button.ariaPressed = 'true'
    try {
      if (this.explained === undefined) {
        this.words.textContent = 'Asking…'
        this.explained = await this.parts.ask()
      }
      if (!this.isOn) return
      this.parts.predictions.makeChoosable(true)
      this.show()
    } catch (error) {
      // The picture was removed meanwhile, and the question with it.
      if (!this.root.isConnected) return
      if (!(error instanceof Failure)) throw error
      this.turnOff()
      this.say(wordsFor(error))
    }
  }

  private turnOff (): void {
    this.button.ariaPressed = 'false'
    this.legend.hidden = true
    this.words.textContent = ''
    this.parts.predictions.makeChoosable(false)
    this.parts.picture.hideMap()
  }

  private say (sentence: string): void {
    this.words.textContent = sentence
    this.parts.announce(sentence)
  }
}
