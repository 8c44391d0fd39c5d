import type { Input } from '../src/contract/models.js'
import type { About } from '../src/contract/status.js'
import type { CardTools, ClassifyOptions } from './card.js'
import { checkBeforeSending } from './check.js'
import { Failure, wordsFor } from './failure.js'
import type { Key } from './key.js'
import { counted } from './numbers.js'
import { limitTo, patiently } from './patience.js'
import { classify, describeService, type Answer } from './service.js'

/** Pictures under way at a time: enough to fill batches, few enough to leave others their turn. */
const MOST_AT_A_TIME = 4

/** What the page knows of the service, and how it asks it. */
export class Session implements Omit<CardTools, 'announce'> {
  private readonly inTurn = limitTo(MOST_AT_A_TIME)
  private service: About | undefined

  constructor (private readonly key: Key) {}

  get needsKey (): boolean {
    return this.service?.needsKey === true
  }

  /** Asks the service what it is. Throws a Failure. */
  async describe (): Promise<About> {
    this.service = await describeService()
    if (this.needsKey && this.key.value === undefined) this.key.ask()
    return this.service
  }

  /** As CardTools says. */
  async input (): Promise<Input> {
    const { model } = await this.describe()
    if (model === undefined) throw new Failure('not_ready', 'The model is still loading.')
    return model.input
  }

  /** As CardTools says. */
  async classify (picture: File, options: ClassifyOptions): Promise<Answer> {
    options.onStep('Waiting for its turn…')
    try {
      return await this.inTurn(async () => await this.check(picture, options).then(() => this.send(picture, options)))
    } catch (error) {
      if (error instanceof Failure && error.code === 'unauthorized') this.key.refuse()
      throw error
    }
  }

  private async check (picture: File, { signal }: ClassifyOptions): Promise<void> {
    signal.throwIfAborted()
    const { maxImageBytes } = this.service ?? await this.describe()
    if (this.needsKey && this.key.value === undefined) throw new Failure('key_missing', 'No key was entered.')
    await checkBeforeSending(picture, maxImageBytes)
  }

  private async send (picture: File, { explain, signal, onStep }: ClassifyOptions): Promise<Answer> {
    const onWait = (failure: Failure, seconds: number): void => {
      onStep(`${wordsFor(failure)} The next try is in ${counted(seconds, 'second')}…`)
    }
    return await patiently(async () => {
      onStep('Classifying…')
      return await classify({ picture, key: this.key.value, explain, signal })
    }, { signal, onWait })
  }
}
