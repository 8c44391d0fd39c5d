import { diag, DiagLogLevel, trace, type DiagLogger } from '@opentelemetry/api'
import type { Sampler } from '@opentelemetry/sdk-trace-node'
import { OperatorError } from '../base/errors.js'
import { CountedExporter, type TracingObserver } from './counted-exporter.js'
import { readTracing } from './tracing-settings.js'
import { recordSpans } from './tracing.js'

type Sdk = typeof import('@opentelemetry/sdk-trace-node')

/** How long the end of the process waits for the last spans. */
const LAST_SPANS_MS = 1000
/** What the SDK says otherwise is logged once each, and no more than this many. */
const MAX_NOTICES = 20
/** What it says of spans that found its queue full, once there is room again. */
const DROPPED = /^Dropped (\d+) spans/
/** The only mistake that the SDK tells on this level. */
const DETECTOR_FAILED = 'EnvDetector failed: '

/**
 * Starts sending traces over OTLP if the environment asks for them, and returns what sends the last of them, within a second. Without
 * that nothing is loaded, and spans cost nothing. The environment is the one that the process was started with: the SDK reads further
 * variables by itself. Throws an OperatorError about those that cannot be followed.
 */
export async function startTracing (env: NodeJS.ProcessEnv, observer: TracingObserver): Promise<() => Promise<void>> {
  const settings = readTracing(env)
  if (settings === undefined) return async () => {}
  const sdk = await import('@opentelemetry/sdk-trace-node')
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = await import('@opentelemetry/resources')
  const { exporter, provider } = withoutComplaint(() => {
    const exporter = new CountedExporter(new OTLPTraceExporter(), observer)
    const provider = new sdk.NodeTracerProvider({
      sampler: createSampler(settings.ratio, sdk),
      resource: defaultResource()
        .merge(resourceFromAttributes({ 'service.name': 'xception-serve' }))
        .merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [new sdk.BatchSpanProcessor(exporter)]
    })
    return { exporter, provider }
  })
  setDiagLogger(noticesTo(observer.logger, exporter), DiagLogLevel.WARN)
  provider.register(settings.hasParents ? {} : { propagator: null })
  recordSpans()
  return async () => { await end(provider, exporter, observer) }
}

/** A collector that does not answer must not hold up the end, nor make a failure of it. */
async function end (provider: { shutdown (): Promise<void> }, exporter: CountedExporter, { logger }: TracingObserver): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, LAST_SPANS_MS) })
  const last = provider.shutdown().catch((error: unknown) => { logger.warn({ err: error }, 'the end of tracing failed') })
  await Promise.race([last, late])
  clearTimeout(timer)
  const { underWay: spans } = exporter
  if (spans > 0) logger.warn({ spans }, 'the last traces were not delivered in time')
}

/** Sets something up. The SDK passes over what it cannot read and only says so: here that ends the start. */
function withoutComplaint<T> (setUp: () => T): T {
  const complaints: string[] = []
  const complain = (message: string): void => { complaints.push(message) }
  const onDebug = (message: string): void => { if (message.startsWith(DETECTOR_FAILED)) complain(message.slice(DETECTOR_FAILED.length)) }
  setDiagLogger({ error: complain, warn: complain, info: () => {}, debug: onDebug, verbose: () => {} }, DiagLogLevel.DEBUG)
  const made = setUp()
  const [first] = complaints
  if (first !== undefined) throw new OperatorError(`Traces cannot be set up by the OTEL_ variables: ${first}`)
  return made
}

function setDiagLogger (logger: DiagLogger, logLevel: DiagLogLevel): void {
  diag.setLogger(logger, { logLevel, suppressOverrideMessage: true })
}

function noticesTo (logger: TracingObserver['logger'], exporter: CountedExporter): DiagLogger {
  const known = new Set<string>()
  const tell = (notice: string, ...rest: unknown[]): void => {
    const dropped = DROPPED.exec(notice)?.[1]
    if (dropped !== undefined) return exporter.lost(Number(dropped), 'spans end faster than they are delivered')
    const text = [notice, ...rest].join(' ')
    if (known.size >= MAX_NOTICES || known.has(text)) return
    known.add(text)
    logger.warn({ notice: text }, 'the tracing library has a notice')
  }
  return { error: tell, warn: tell, info: () => {}, debug: () => {}, verbose: () => {} }
}

/** A client decides nothing: neither the flag nor the trace id that it sends has a say in whether its request is recorded. */
function createSampler (ratio: number, sdk: Sdk): Sampler {
  const root: Sampler = new sdk.TraceIdRatioBasedSampler(ratio)
  const ids = new sdk.RandomIdGenerator()
  const forClients: Sampler = {
    // A ratio is a comparison with the trace id, and a client can choose one that is always taken.
    shouldSample: (parent, _traceId, ...rest) => root.shouldSample(trace.deleteSpan(parent), ids.generateTraceId(), ...rest)
  }
  return new sdk.ParentBasedSampler({ root, remoteParentSampled: forClients, remoteParentNotSampled: forClients })
}
