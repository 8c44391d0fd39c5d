import { context, trace, SpanStatusCode } from '@opentelemetry/api'

/** What asks for traces; further OTEL_* variables say how they are sent and sampled. */
const ENDPOINT_VARIABLES = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']

export const tracer = trace.getTracer('xception-serve')

/**
 * Starts sending traces over OTLP if the environment names a collector, and returns what sends the last of them.
 * Without one nothing is loaded, and spans cost nothing.
 */
export async function startTracing (env: NodeJS.ProcessEnv): Promise<() => Promise<void>> {
  if (!ENDPOINT_VARIABLES.some((name) => (env[name] ?? '') !== '')) return async () => {}
  const { NodeTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-node')
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = await import('@opentelemetry/resources')
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'xception-serve' }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())]
  })
  provider.register()
  // A collector that is gone must not hold up the shutdown.
  return async () => { await provider.shutdown().catch(() => {}) }
}

/** Runs a step in a span of its own, which carries the step's error if it fails. */
export async function inSpan<T> (name: string, work: () => Promise<T>): Promise<T> {
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
  tracer.startSpan(name, { startTime: startMs, attributes }).end(endMs)
}
