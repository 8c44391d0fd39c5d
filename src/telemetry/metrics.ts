import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import { sumOfUsage, type ProcessUsage } from '../base/process-usage.js'
import { countedLater } from './later.js'
import { SnapshotGauges, type Snapshot } from './snapshot.js'

/**
 * From 20 ms to 1 s in steps of a quarter (the preferred numbers R10 of ISO 3), so that a quantile that is read between two of
 * them is at most so far off; coarse where nobody waits, or waits too long.
 */
const SECONDS = [
  0.001, 0.0025, 0.005, 0.01,
  0.02, 0.025, 0.032, 0.04, 0.05, 0.063, 0.08, 0.1, 0.125, 0.16, 0.2, 0.25, 0.32, 0.4, 0.5, 0.63, 0.8, 1,
  2.5, 5, 10, 30
]
/** Names that prom-client gives against Prometheus's conventions: gauges that end like counters. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

/** Processes beside the server's own. */
export interface Processes {
  readonly usage: ProcessUsage
}

/**
 * Everything that Prometheus scrapes. Every request that is answered, or whose client goes before that, ends in exactly one
 * outcome of `xception_requests_total`, and every image that was read in exactly one of `xception_images_total`. An image is
 * read once all of it is there, whatever becomes of the rest of its request; what a refused request holds is never read.
 */
export class Metrics {
  readonly registry = new Registry()
  private readonly registers = [this.registry]
  private readonly moment = new SnapshotGauges(this.registry)

  readonly requests = countedLater(new Counter({
    name: 'xception_requests_total',
    help: 'Requests by what became of them: ok, or the error\'s code; the route is none where no request could be read.',
    labelNames: ['route', 'outcome', 'status'],
    registers: this.registers
  }))

  readonly requestsInFlight = countedLater(new Gauge({
    name: 'xception_requests_in_flight',
    help: 'Requests that began and are not over yet.',
    labelNames: ['route'],
    registers: this.registers
  }))

  readonly requestDuration = countedLater(new Histogram({
    name: 'xception_http_request_duration_seconds',
    help: 'Time from a request\'s arrival to the end of its reply.',
    labelNames: ['route', 'status'],
    buckets: SECONDS,
    registers: this.registers
  }))

  readonly requestsByKey = new Counter({
    name: 'xception_requests_by_key_total',
    help: 'Requests by the name of the API key that they brought, empty without a valid one; counted where API_KEYS_FILE is set.',
    labelNames: ['key', 'status'],
    registers: this.registers
  })

  readonly images = countedLater(new Counter({
    name: 'xception_images_total',
    help: 'Images by what became of them: ok, or the error\'s code.',
    labelNames: ['outcome'],
    registers: this.registers
  }))

  readonly predictions = countedLater(new Counter({
    name: 'xception_predictions_total',
    help: 'Images by their most probable label.',
    labelNames: ['label'],
    registers: this.registers
  }))

  readonly decodeDuration = countedLater(new Histogram({
    name: 'xception_decode_duration_seconds',
    help: 'Time to decode one image, waiting for a free thread included.',
    buckets: SECONDS,
    registers: this.registers
  }))

  readonly decoderFailures = new Counter({
    name: 'xception_decoder_failures_total',
    help: 'Images that could not be decoded for reasons of the system, such as no more threads or memory, and not of the image.',
    registers: this.registers
  })

  readonly workerRestarts = new Counter({
    name: 'xception_worker_restarts_total',
    help: 'Times the worker failed and was replaced.',
    registers: this.registers
  })

  private readonly queueCapacity = new Gauge({
    name: 'xception_queue_capacity',
    help: 'Images that the queue can hold.',
    registers: this.registers
  })

  readonly imagesInFlight = countedLater(new Gauge({
    name: 'xception_images_in_flight',
    help: 'Images accepted and not answered yet.',
    registers: this.registers
  }))

  readonly bytesInFlight = countedLater(new Gauge({
    name: 'xception_bytes_in_flight',
    help: 'Bytes of uploads announced or arrived and not decoded yet.',
    registers: this.registers
  }))

  readonly connections = new Gauge({
    name: 'xception_connections',
    help: 'Open connections, by what listens.',
    labelNames: ['listener'],
    registers: this.registers
  })

  readonly connectionsRefused = new Counter({
    name: 'xception_connections_refused_total',
    help: 'Connections closed at once because there were too many.',
    registers: this.registers
  })

  readonly spansLost = new Counter({
    name: 'xception_spans_lost_total',
    help: 'Spans of traces that were not delivered.',
    registers: this.registers
  })

  readonly logLinesLost = new Counter({
    name: 'xception_log_lines_lost_total',
    help: 'Lines of the log and of standard error that could not be written, as on a full disk or where the reader stands still.',
    registers: this.registers
  })

  private readonly modelInfo = new Gauge({
    name: 'xception_model_info',
    help: 'The model that is served; always 1.',
    labelNames: ['name', 'version', 'backend', 'precision', 'tensorflow_version'],
    registers: this.registers
  })

  private readonly kernelsInfo = new Gauge({
    name: 'xception_kernels_info',
    help: 'What computes the convolutions, and why: measured is the fastest here, table what is expected of such a CPU where nothing ' +
      'could be measured, set by KERNELS, only where nothing else can; always 1.',
    labelNames: ['kernels', 'precision', 'reason'],
    registers: this.registers
  })

  private readonly queueDuration = countedLater(new Histogram({
    name: 'xception_queue_duration_seconds',
    help: 'Time an image waited for the engine.',
    buckets: SECONDS,
    registers: this.registers
  }))

  private readonly inferenceDuration = countedLater(new Histogram({
    name: 'xception_inference_duration_seconds',
    help: 'Time of one run of the network, for its whole batch.',
    buckets: SECONDS,
    registers: this.registers
  }))

  private readonly batchSize = countedLater(new Histogram({
    name: 'xception_batch_size',
    help: 'Images in one run of the network.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128],
    registers: this.registers
  }))

  private readonly queueImages = countedLater(new Gauge({
    name: 'xception_queue_length',
    help: 'Images admitted that the engine has not taken yet.',
    registers: this.registers
  }))

  /** The engine's. */
  private readonly processes = new Set<Processes>()
  /** CPU time of those that are gone. */
  private pastCpuSeconds = 0

  constructor () {
    this.exposeUsage()
    collectDefaultMetrics({ register: this.registry })
    for (const name of MISNAMED) this.registry.removeSingleMetric(name)
  }

  private exposeUsage (): void {
    const usage = (): ProcessUsage => sumOfUsage([...this.processes].map((one) => one.usage))
    const cpuSeconds = (): number => this.pastCpuSeconds + usage().cpuSeconds
    this.registry.registerMetric(new Gauge({
      name: 'xception_engine_resident_memory_bytes',
      help: 'Resident memory of the processes that own TensorFlow, beside the server\'s own; 0 where the system is not Linux.',
      registers: [],
      collect () { this.set(usage().residentBytes) }
    }))
    this.registry.registerMetric(new Counter({
      name: 'xception_engine_cpu_seconds_total',
      help: 'CPU time of the processes that own TensorFlow, beside the server\'s own; 0 where the system is not Linux.',
      registers: [],
      collect () {
        this.reset()
        this.inc(cpuSeconds())
      }
    }))
  }

  /** Names the model that is served from now on, what computes it, and how many images its queue can hold. */
  serves (
    model: Record<'name' | 'version' | 'backend' | 'precision' | 'tensorflow_version', string>,
    computation: Readonly<Record<'kernels' | 'precision' | 'reason', string>>,
    queueCapacity: number
  ): void {
    this.modelInfo.reset()
    this.modelInfo.set(model, 1)
    const { kernels, precision, reason } = computation
    this.kernelsInfo.reset()
    this.kernelsInfo.set({ kernels, precision, reason }, 1)
    this.queueCapacity.set(queueCapacity)
  }

  /** Counts what processes of the engine take, until the function that is returned is called. */
  countUsage (processes: Processes): () => void {
    this.processes.add(processes)
    return () => {
      this.pastCpuSeconds += processes.usage.cpuSeconds
      this.processes.delete(processes)
    }
  }

  /** Takes over what the next scrape is to show. */
  take (snapshot: Snapshot): void {
    this.moment.take(snapshot)
  }

  queueChanged (by: number): void {
    this.queueImages.inc(by)
  }

  batch (size: number, inferenceMs: number): void {
    this.batchSize.observe(size)
    this.inferenceDuration.observe(inferenceMs / 1000)
  }

  queued (ms: number): void {
    this.queueDuration.observe(ms / 1000)
  }
}
