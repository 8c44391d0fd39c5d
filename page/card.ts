import type { Input } from '../src/contract/models.js'
import { describedRow, fromTemplate, part } from './dom.js'
import { offerCurl } from './curl-panel.js'
import { Explanation } from './explanation.js'
import { Failure, whoTriesAgain, wordsFor } from './failure.js'
import { counted, milliseconds, percent } from './numbers.js'
import { Picture } from './picture.js'
import { Predictions } from './predictions.js'
import type { Answer } from './service.js'

export interface CardTools {
  readonly needsKey: boolean
  /** Has a picture classified in its turn, and tells what becomes of it. Throws a Failure, or the signal's reason. */
  readonly classify: (picture: File, options: ClassifyOptions) => Promise<Answer>
  /** How pictures become the network's input now. Throws a Failure. */
  readonly input: () => Promise<Input>
  /** Tells those who do not see the page. */
  readonly announce: (sentence: string) => void
}

export interface ClassifyOptions {
  readonly explain: boolean
  readonly signal: AbortSignal
  /** Told what is done for the picture, in words. */
  readonly onStep: (words: string) => void
}

/** One picture on the page, from its upload to its answer, and what can be asked of it then. */
export class Card {
  readonly element = fromTemplate('card')
  private readonly leaving = new AbortController()
  private readonly picture: Picture
  private readonly predictions: Predictions
  private readonly explanation: Explanation
  private failure: Failure | undefined

  constructor (private readonly file: File, private readonly tools: CardTools, onRemove: (card: Card) => void) {
    const { element } = this
    part(element, 'name', HTMLElement).textContent = file.name
    const remove = part(element, 'remove', HTMLButtonElement)
    remove.ariaLabel = `Remove ${file.name}`
    remove.addEventListener('click', () => { onRemove(this) })
    part(element, 'again', HTMLButtonElement).addEventListener('click', async () => {
      // The button goes, and whoever pressed it with the keyboard stays at the picture.
      part(element, 'name', HTMLElement).focus()
      await this.run()
    })
    this.picture = new Picture(part(element, 'picture', HTMLElement), file)
    this.predictions = new Predictions(part(element, 'predictions', HTMLFieldSetElement), () => { this.explanation.show() })
    this.explanation = new Explanation(part(element, 'explanation', HTMLElement), {
      picture: this.picture,
      predictions: this.predictions,
      announce: tools.announce,
      ask: async () => ({ answer: await this.ask(true), input: await tools.input() })
    })
    offerCurl(element, file.name, { needsKey: () => tools.needsKey })
  }

  /** The code of why it has no answer; undefined if it has one, or is still on its way. */
  get failureCode (): string | undefined {
    return this.failure?.code
  }

  /** Has the picture classified and shows what comes of it. */
  async run (): Promise<void> {
    this.failure = undefined
    part(this.element, 'failure', HTMLElement).hidden = true
    this.element.ariaBusy = 'true'
    try {
      this.showAnswer(await this.ask(false))
    } catch (error) {
      if (this.leaving.signal.aborted) return
      // Nothing else is expected, and what is not belongs on the console, but not on the console alone.
      this.showFailure(error instanceof Failure ? error : new Failure('page_error', `The page has a fault: ${String(error)}.`))
      if (!(error instanceof Failure)) throw error
    } finally {
      this.element.ariaBusy = 'false'
      this.showStep('')
    }
  }

  /** Takes it off the page and gives up what is still under way for it. */
  remove (): void {
    this.leaving.abort()
    this.picture.forget()
    this.element.remove()
  }

  private async ask (explain: boolean): Promise<Answer> {
    const onStep = (words: string): void => { if (!explain) this.showStep(words) }
    return await this.tools.classify(this.file, { explain, onStep, signal: this.leaving.signal })
  }

  private showStep (words: string): void {
    const step = part(this.element, 'step', HTMLElement)
    step.textContent = words
    step.hidden = words === ''
  }

  private showAnswer ({ model, predictions, timings, roundTripMs }: Answer): void {
    this.predictions.show(predictions)
    this.explanation.offer()
    const { decodeMs, queueMs, inferenceMs, batchSize } = timings
    const list = part(this.element, 'timings', HTMLElement)
    list.replaceChildren(
      describedRow('Decoding', milliseconds(decodeMs)),
      describedRow('In the queue', milliseconds(queueMs)),
      describedRow(`Network, ${batchSize === 1 ? 'alone' : `in a batch of ${counted(batchSize, 'picture')}`}`, milliseconds(inferenceMs)),
      describedRow('From here and back', milliseconds(roundTripMs)),
      describedRow('Model', `${model.name} ${model.version}, ${model.precision} on ${model.backend}`)
    )
    list.hidden = false
    const [first] = predictions
    if (first !== undefined) this.tools.announce(`${this.file.name}: ${first.label}, ${percent(first.probability)}.`)
  }

  private showFailure (failure: Failure): void {
    this.failure = failure
    const words = wordsFor(failure)
    part(this.element, 'failure-words', HTMLElement).textContent = words
    part(this.element, 'failure-code', HTMLElement).textContent = failure.code
    part(this.element, 'again', HTMLElement).hidden = whoTriesAgain(failure) === undefined
    part(this.element, 'failure', HTMLElement).hidden = false
    this.tools.announce(`${this.file.name}: ${words}`)
  }
}
