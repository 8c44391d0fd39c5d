import type { Prediction } from '../src/contract/images.js'
import { fromTemplate, part } from './dom.js'
import { percent } from './numbers.js'

let groups = 0

/** A card's labels with their probabilities: a list of bars, one of which can be chosen while maps are shown. */
export class Predictions {
  private readonly group = `predictions-${++groups}`
  private readonly list: HTMLElement

  constructor (private readonly root: HTMLFieldSetElement, private readonly onChoose: () => void) {
    this.list = part(root, 'bars', HTMLElement)
    root.addEventListener('change', () => { this.onChoose() })
  }

  show (predictions: readonly Prediction[]): void {
    this.list.replaceChildren(...predictions.map((prediction, index) => this.row(prediction, index)))
    this.root.hidden = false
  }

  /** Index of the label whose map is to be shown. */
  get chosen (): number {
    return this.choices().findIndex(({ checked }) => checked)
  }

  /** While maps are shown, one of the labels is chosen. */
  makeChoosable (value: boolean): void {
    for (const choice of this.choices()) choice.hidden = choice.disabled = !value
    part(this.root, 'title', HTMLElement).textContent = value ? 'Choose a label to see where the network looked for it' : 'Predictions'
  }

  private choices (): HTMLInputElement[] {
    return [...this.list.querySelectorAll('input')]
  }

  private row ({ label, probability }: Prediction, index: number): HTMLElement {
    const row = fromTemplate('prediction')
    const choice = part(row, 'choice', HTMLInputElement)
    choice.name = this.group
    choice.checked = index === 0
    part(row, 'label', HTMLElement).textContent = label
    part(row, 'probability', HTMLElement).textContent = percent(probability)
    const bar = part(row, 'bar', HTMLMeterElement)
    bar.value = probability
    bar.ariaLabel = label
    bar.textContent = percent(probability)
    return row
  }
}
