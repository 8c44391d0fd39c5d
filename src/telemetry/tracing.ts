import { context, trace, SpanStatusCode } from '@opentelemetry/api'

export const tracer = trace.getTracer('xception-serve')

let isRecording = false

/** Spans are recorded from now on; until then none is made, and what they would take is spared. */
export function recordSpans (): void {
  isRecording = true
}

export function areSpansRecorded (): boolean {
  return isRecording
}

/** Runs a step in a span of its own, which carries the step's error if it fails. */
export async function inSpan<T> (name: string, work: () => Promise<T>): Promise<T> {
  if (!isRecording) return await work()
  const span = tracer.startSpan(name)
  try {
    return await context.with(trace.setSpan(context.active(), span), work)
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) })
    throw error
  } finally {
    span.end()
  }
}

/** A span for a step that is over. `startMs` and `endMs` count as `performance.now()` does. */
export function recordSpan (name: string, startMs: number, endMs: number, attributes: Readonly<Record<string, number>> = {}): void {
  if (isRecording) tracer.startSpan(name, { startTime: startMs, attributes }).end(endMs)
}
