import type { Random } from '../../src/base/random.js'
import { Draft, type LivelyNetwork } from './random-draft.js'
import { HEADS, STEPS, type DraftStep } from './random-steps.js'

/** Draws networks of all operations, one after the other; each kind of step comes up once before any comes up again. */
export class RandomNetworks {
  private deck: DraftStep[] = []
  private heads: DraftStep[] = []

  constructor (private readonly random: Random, private readonly steps = 5) {}

  next (): LivelyNetwork {
    for (;;) {
      const draft = new Draft(this.random)
      for (let step = 0; step < this.steps; step++) this.draw('deck', STEPS)(draft)
      this.draw('heads', HEADS)(draft)
      const lively = draft.finish()
      if (lively !== undefined) return lively
    }
  }

  private draw (pile: 'deck' | 'heads', all: readonly DraftStep[]): DraftStep {
    if (this[pile].length === 0) this[pile] = [...all]
    const [drawn] = this[pile].splice(Math.floor(this.random.uniform(0, this[pile].length)), 1)
    return drawn as DraftStep
  }
}
