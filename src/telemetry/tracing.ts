import { context, trace, SpanStatusCode } from '@opentelemetry/api'
import type { Sampler } from '@opentelemetry/sdk-trace-node'

/** What asks for traces; further OTEL_* variables say how they are sent and sampled. */
const ENDPOINT_VARIABLES = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']

export const tracer = trace.getTracer('xception-serve')

/**
 * Starts sending traces over OTLP if the environment names a collector, and returns what sends the last of them.
 * Without one nothing is loaded, and spans cost nothing.
 */
export async function startTracing (env: NodeJS.ProcessEnv): Promise<() => Promise<void>> {
  if (!ENDPOINT_VARIABLES.some((name) => (env[name] ?? '') !== '')) return async () => {}
  const sdk = await import('@opentelemetry/sdk-trace-node')
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = await import('@opentelemetry/resources')
  const provider = new sdk.NodeTracerProvider({
    sampler: createSampler(env, sdk),
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'xception-serve' }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new sdk.BatchSpanProcessor(new OTLPTraceExporter())]
  })
  provider.register()
  // A collector that is gone must not hold up the shutdown.
  return async () => { await provider.shutdown().catch(() => {}) }
}

/**
 * The sampler that OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG name, except that a client decides nothing: neither the
 * flag nor the trace id that it sends has a say in whether its request is recorded.
 */
function createSampler (env: NodeJS.ProcessEnv, sdk: typeof import('@opentelemetry/sdk-trace-node')): Sampler {
  const root = createRootSampler(env, sdk)
  const ids = new sdk.RandomIdGenerator()
  const forClients: Sampler = {
    // A ratio is a comparison with the trace id, and a client can choose one that is always taken.
    shouldSample: (parent, _traceId, ...rest) => root.shouldSample(trace.deleteSpan(parent), ids.generateTraceId(), ...rest)
  }
  return new sdk.ParentBasedSampler({ root, remoteParentSampled: forClients, remoteParentNotSampled: forClients })
}

function createRootSampler (env: NodeJS.ProcessEnv, sdk: typeof import('@opentelemetry/sdk-trace-node')): Sampler {
  switch (env.OTEL_TRACES_SAMPLER?.replace('parentbased_', '')) {
    case 'always_off': return new sdk.AlwaysOffSampler()
    case 'traceidratio': return new sdk.TraceIdRatioBasedSampler(Number(env.OTEL_TRACES_SAMPLER_ARG || 1))
    default: return new sdk.AlwaysOnSampler()
  }
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
