import type { Classifier, ModelDescription } from './classifier.js'
import { ServiceError } from '../base/errors.js'
import type { InputChoices } from '../model/input.js'

/** What the routes see of the process: loading, then serving, then draining, then closed to new requests. */
export class Service {
  private classifier: Classifier | undefined
  private draining = false
  private closed = false
  private step: string | undefined

  /** Why the service takes no requests now, or undefined if it does. */
  get notReadyReason (): 'loading' | 'restarting' | 'draining' | undefined {
    if (this.draining) return 'draining'
    if (this.classifier === undefined) return 'loading'
    return this.classifier.ready ? undefined : 'restarting'
  }

  /** The model that is served and how pictures become its input; undefined while it loads. */
  get model (): (ModelDescription & { readonly classes: number, readonly input: InputChoices }) | undefined {
    if (this.classifier === undefined) return undefined
    const { description, labels, input } = this.classifier
    return { ...description, classes: labels.length, input }
  }

  /** What loading is at, in words; undefined once it is over. */
  get loadingStep (): string | undefined {
    return this.classifier === undefined ? this.step : undefined
  }

  loading (step: string): void {
    this.step = step
  }

  serve (classifier: Classifier): void {
    this.classifier = classifier
  }

  /** Not ready any more, and still taking requests until load balancers have noticed. */
  drain (): void {
    this.draining = true
  }

  /** Takes no more requests. */
  close (): void {
    this.draining = true
    this.closed = true
  }

  /** The classifier for one request. Throws a ServiceError `not_ready` or `shutting_down`. */
  admit (): Classifier {
    if (this.closed) throw new ServiceError('shutting_down', 'The service is shutting down: send this request to another replica.', { retryAfterSeconds: 1 })
    if (this.classifier === undefined) throw new ServiceError('not_ready', 'The model is still loading.', { retryAfterSeconds: 1 })
    return this.classifier
  }
}
