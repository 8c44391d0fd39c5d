import type { SpanExporter } from '@opentelemetry/sdk-trace-node'

type Spans = Parameters<SpanExporter['export']>[0]
type Done = Parameters<SpanExporter['export']>[1]
type ExportResult = Parameters<Done>[0]

/** The SDK's number of what went well. */
const SUCCESS = 0

export interface TracingObserver {
  readonly logger: { warn (facts: object, text: string): void, info (text: string): void }
  /** Told how many spans were not delivered. */
  onLost (spans: number): void
}

/** Sends spans by another exporter. The first failure is logged and all are counted, until something arrives again. */
export class CountedExporter implements SpanExporter {
  private isFailing = false
  private sending = 0

  constructor (private readonly exporter: SpanExporter, private readonly observer: TracingObserver) {}

  /** Spans that are neither delivered nor lost yet. */
  get underWay (): number {
    return this.sending
  }

  export (spans: Spans, done: Done): void {
    this.sending += spans.length
    this.exporter.export(spans, (result) => {
      this.sending -= spans.length
      if (result.code === SUCCESS) this.delivered()
      else this.lost(spans.length, reasonOf(result))
      // The SDK would tell of each failure once more.
      done({ code: SUCCESS })
    })
  }

  async forceFlush (): Promise<void> {
    await this.exporter.forceFlush?.()
  }

  async shutdown (): Promise<void> {
    await this.exporter.shutdown()
  }

  /** Counts what was not delivered. */
  lost (spans: number, reason: string): void {
    this.observer.onLost(spans)
    if (!this.isFailing) this.observer.logger.warn({ reason }, 'traces cannot be delivered: xception_spans_lost_total counts what is lost')
    this.isFailing = true
  }

  private delivered (): void {
    if (this.isFailing) this.observer.logger.info('traces are delivered again')
    this.isFailing = false
  }
}

/** Reason in words: an AggregateError's message is empty, and an HTTP status's code says more than its words. */
function reasonOf ({ error }: ExportResult): string {
  if (error === undefined) return 'unknown'
  const { code } = error as Error & { code?: string | number }
  const words = error.message === '' ? error.name : error.message
  return code === undefined || words.includes(String(code)) ? words : `${words} (${code})`
}
