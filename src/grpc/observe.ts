import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { ServerReadableStream } from '@grpc/grpc-js'
import { context, propagation, trace, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { FastifyBaseLogger } from 'fastify'
import { ERRORS, ServiceError, type ErrorCode } from '../base/errors.js'
import type { Metrics } from '../telemetry/metrics.js'
import { countRequest } from '../telemetry/requests.js'
import { tracer } from '../telemetry/tracing.js'
import type { ApiKeys } from '../intake/api-keys.js'
import type { AddressOf } from '../intake/client.js'
import type { RefusalLog } from '../telemetry/refusal-log.js'
import type { Method } from './messages.js'
import { ownRefusalOf } from './own-refusals.js'

export interface ObserveOptions {
  /** Undefined: calls are not counted by key. */
  readonly keys: ApiKeys | undefined
  readonly metrics: Metrics
  readonly logger: FastifyBaseLogger
  readonly refusals: RefusalLog
  readonly addressOf: AddressOf
}

export interface ObservedMethod {
  readonly method: Method
  readonly keyName: string | undefined
  readonly address: string
  readonly isHealth: boolean
}

/** How a call ended. */
type Outcome = 'ok' | ServiceError

/** Follows one call to its end. */
export interface ObservedCall {
  /** Runs `work` in the call's span. */
  within<T> (work: () => Promise<T>): Promise<T>
  /** Says what the client is answered. */
  with (outcome: Outcome): void
}

const OK = 200

/**
 * For each call its duration, its span and one log line, as for each HTTP request: health is asked all the time, and refusals come
 * in floods. A client that goes before it is answered has cancelled, unless its deadline had passed.
 */
export function observeCall (
  stream: ServerReadableStream<Buffer, Buffer>, { method, keyName, address, isHealth }: ObservedMethod, options: ObserveOptions
): ObservedCall {
  const { metrics, refusals, keys } = options
  const startedAt = performance.now()
  // The library tells the deadline as a time of day, and a clock can be set before it comes.
  const lateAt = startedAt + Number(stream.getDeadline()) - Date.now()
  const route = `grpc ${method.name}`
  const end = countRequest(metrics, route)
  const span = isHealth ? undefined : startSpan(stream, method)
  const { traceId, spanId } = span?.spanContext() ?? {}
  const traced = span === undefined || !trace.isSpanContextValid(span.spanContext()) ? {} : { trace_id: traceId, span_id: spanId }
  const log = options.logger.child({ reqId: randomUUID(), ...traced, ...keyName === undefined ? {} : { keyName } })
  let outcome: Outcome | undefined

  stream.once('cancelled', () => {
    const code = outcome === 'ok' ? outcome : outcome?.code ?? unanswered(stream, lateAt)
    const status = code === 'ok' ? OK : ERRORS[code].status
    const durationMs = performance.now() - startedAt
    end(code, status)
    if (keys !== undefined && !isHealth) metrics.requestsByKey.inc({ key: keyName ?? '', status })
    if (status >= 500) span?.setStatus({ code: SpanStatusCode.ERROR })
    span?.end()
    const isQuiet = isHealth || (status === 503 && !refusals.add())
    const facts = { method: 'gRPC', route, status, outcome: code, client: address, durationMs: Number(durationMs.toFixed(1)) }
    log[isQuiet ? 'debug' : 'info'](facts, 'request')
  })

  return {
    within: async (work) => span === undefined ? await work() : await context.with(trace.setSpan(context.active(), span), work),
    with: (how) => {
      outcome ??= how
      if (how instanceof ServiceError && how.status === 500) log.error({ err: how.cause ?? how }, how.message)
    }
  }
}

function startSpan (stream: ServerReadableStream<Buffer, Buffer>, { name, path }: Method): ReturnType<typeof tracer.startSpan> {
  const parent = propagation.extract(context.active(), stream.metadata.getMap())
  const attributes = { 'rpc.system': 'grpc', 'rpc.service': path.split('/')[1] ?? '', 'rpc.method': name }
  return tracer.startSpan(path.slice(1), { kind: SpanKind.SERVER, attributes }, parent)
}

/** How a call ended that nothing here answered. */
function unanswered (stream: ServerReadableStream<Buffer, Buffer>, lateAt: number): ErrorCode {
  const isLate = performance.now() >= lateAt
  return ownRefusalOf(stream) ?? (isLate ? 'deadline_exceeded' : 'client_closed_request')
}
