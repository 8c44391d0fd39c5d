import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { context, diag, propagation, trace } from '@opentelemetry/api'
import { startTracing } from '../../src/telemetry/start-tracing.js'
import { until } from '../support/until.js'

interface Observed {
  readonly lines: string[]
  lost: number
  /** Ends so many spans, of requests with these headers. */
  readonly end: (spans: number, headers?: Record<string, string>) => void
  readonly stop: () => Promise<void>
}

/** Traces to a collector that does with each delivery what `answer` says, a batch for each span. */
async function tracedTo (t: TestContext, answer: (reply: ServerResponse) => void, env: Record<string, string> = {}): Promise<Observed> {
  const collector = createServer((request, reply) => { request.resume().once('end', () => { answer(reply) }) })
  await once(collector.listen(0, '127.0.0.1'), 'listening')
  const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1', ...env }
  Object.assign(process.env, settings)
  t.after(() => {
    for (const name of Object.keys(settings)) Reflect.deleteProperty(process.env, name)
    for (const part of [trace, context, propagation, diag]) part.disable()
    collector.close()
    collector.closeAllConnections()
  })
  const lines: string[] = []
  const logger = {
    warn: (facts: object, text: string) => { lines.push(`${text} ${JSON.stringify(facts)}`) },
    info: (text: string) => { lines.push(text) }
  }
  const observed = { lines, lost: 0 }
  const stop = await startTracing(process.env, { logger, onLost: (spans) => { observed.lost += spans } })
  const tracer = trace.getTracer('test')
  const end = (spans: number, headers = {}): void => {
    const parent = propagation.extract(context.active(), headers)
    for (let span = 0; span < spans; span++) tracer.startSpan('span', {}, parent).end()
  }
  return Object.assign(observed, { end, stop })
}

test('a collector that never answers does not hold up the end', async (t) => {
  let asked = 0
  const traces = await tracedTo(t, () => { asked++ }, { OTEL_EXPORTER_OTLP_TIMEOUT: '2000' })
  traces.end(1)
  await traces.stop()
  assert.equal(asked, 1, 'and it has not answered until now')
  assert.deepEqual(traces.lines, ['the last traces were not delivered in time {"spans":1}'])
})

test('failures are logged once and counted, until something is delivered', async (t) => {
  let status = 404
  const traces = await tracedTo(t, (reply) => { reply.writeHead(status).end() })
  const failure = 'traces cannot be delivered: xception_spans_lost_total counts what is lost {"reason":"Not Found (404)"}'
  traces.end(3)
  await until('three lost spans', () => traces.lost >= 3)
  assert.deepEqual(traces.lines, [failure])
  status = 200
  traces.end(1)
  await until('a second line', () => traces.lines.length >= 2)
  status = 404
  traces.end(1)
  await traces.stop()
  assert.deepEqual([traces.lost, traces.lines], [4, [failure, 'traces are delivered again', failure]])
})

for (const [sampler, ratio, flags, recorded] of [
  ['parentbased_always_off', '', '01', 0],
  ['parentbased_traceidratio', '0.0000001', '01', 0],
  ['traceidratio', '0.0000001', '01', 0],
  ['parentbased_always_on', '', '00', 1]
] as const) {
  test(`${sampler}: a client decides neither with its flag nor with its trace id whether it is recorded`, async (t) => {
    let asked = 0
    const answer = (reply: ServerResponse): void => {
      asked++
      reply.end()
    }
    const traces = await tracedTo(t, answer, { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: ratio })
    // The smallest trace id is below every ratio.
    traces.end(1, { traceparent: `00-00000000000000000000000000000001-b7ad6b7169203331-${flags}` })
    await traces.stop()
    assert.equal(asked, recorded)
  })
}

for (const [name, value, words] of [
  ['OTEL_EXPORTER_OTLP_TIMEOUT', 'soon', /OTEL_EXPORTER_OTLP_TIMEOUT/],
  ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zip', /OTEL_EXPORTER_OTLP_COMPRESSION/],
  ['OTEL_EXPORTER_OTLP_CERTIFICATE', '/nowhere', /root certificate/],
  ['OTEL_BSP_SCHEDULE_DELAY', '5s', /OTEL_BSP_SCHEDULE_DELAY/],
  ['OTEL_RESOURCE_ATTRIBUTES', 'team', /OTEL_RESOURCE_ATTRIBUTES/]
] as const) {
  test(`${name}=${value}, which the SDK passes over, ends the start`, async (t) => {
    await assert.rejects(tracedTo(t, (reply) => { reply.end() }, { [name]: value }), { name: 'OperatorError', message: words })
  })
}
