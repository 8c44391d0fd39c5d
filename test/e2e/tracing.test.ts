import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import protobuf from 'protobufjs'
import { CAT } from '../support/cat.js'
import { CAT_SERVER, startServer } from '../support/server.js'

/** The part of https://github.com/open-telemetry/opentelemetry-proto that is looked at, field by field. */
const ExportTraces = protobuf.parse(`
  syntax = "proto3";
  message Value { string text = 1; int64 integer = 3; }
  message Attribute { string key = 1; Value value = 2; }
  message Status { string message = 2; int32 code = 3; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start = 7; fixed64 end = 8; repeated Attribute attributes = 9; Status status = 15;
  }
  message Scope { repeated Span spans = 2; }
  message Resource { repeated Attribute attributes = 1; }
  message ResourceSpans { Resource resource = 1; repeated Scope scopes = 2; }
  message ExportTraces { repeated ResourceSpans resources = 1; }
`).root.lookupType('ExportTraces')

interface Attribute { readonly key: string, readonly value: { readonly text: string, readonly integer: string } }
interface Span {
  readonly traceId: string,
  readonly spanId: string,
  readonly parentSpanId: string,
  readonly name: string,
  readonly kind: number
  readonly start: string,
  readonly end: string,
  readonly attributes: readonly Attribute[],
  readonly status?: { readonly code: number }
}
interface Resource {
  readonly resource: { readonly attributes: readonly Attribute[] }
  readonly scopes: ReadonlyArray<{ readonly spans: readonly Span[] }>
}
interface Export { readonly resources: readonly Resource[] }

const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')
const attribute = ({ attributes }: { attributes: readonly Attribute[] }, key: string): Attribute['value'] | undefined =>
  attributes.find((one) => one.key === key)?.value

async function startCollector (): Promise<{ exports: Export[], endpoint: string, collector: Server }> {
  const exports: Export[] = []
  const collector = createServer((request, response) => {
    buffer(request).then((body) => {
      assert.deepEqual([request.url, request.headers['content-type']], ['/v1/traces', 'application/x-protobuf'])
      const options = { bytes: String, longs: String, arrays: true, defaults: true }
      exports.push(ExportTraces.toObject(ExportTraces.decode(body), options) as Export)
      response.end()
    }, assert.ifError)
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  return { exports, collector, endpoint: `http://127.0.0.1:${(collector.address() as AddressInfo).port}` }
}

test('a request becomes a trace of decode, queue and inference, below the client\'s span', async (t) => {
  const { exports, endpoint, collector } = await startCollector()
  try {
    const server = await startServer(t, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, CAT_SERVER)
    const trace = '0af7651916cd43dd8448eb211c80319c'
    const send = async (body: Uint8Array<ArrayBuffer>): Promise<number> => (await fetch(`${server.url}/classify`, {
      method: 'POST', body, headers: { 'content-type': 'image/jpeg', traceparent: `00-${trace}-b7ad6b7169203331-01` }
    })).status
    assert.equal(await send(CAT), 200)
    assert.equal(await send(CAT.slice(0, 1000)), 422)
    // The shutdown sends what is still held back.
    assert.equal(await server.stop(), 0)

    assert.equal(attribute(exports[0]?.resources[0]?.resource ?? { attributes: [] }, 'service.name')?.text, 'xception-serve')
    const spans = exports.flatMap((one) => one.resources).flatMap((one) => one.scopes).flatMap((one) => one.spans)
    assert.deepEqual(spans.map(({ name }) => name).sort(), ['POST /classify', 'POST /classify', 'decode', 'decode', 'inference', 'queue'])
    assert.ok(spans.every((span) => hex(span.traceId) === trace))
    assert.ok(spans.every((span) => BigInt(span.end) >= BigInt(span.start)))

    const request = spans.find((span) => attribute(span, 'http.response.status_code')?.integer === '200')
    assert.equal(hex(request?.parentSpanId ?? ''), 'b7ad6b7169203331')
    const children = spans.filter((span) => span.parentSpanId === request?.spanId)
    assert.deepEqual(children.map(({ name }) => name).sort(), ['decode', 'inference', 'queue'])
    assert.equal(attribute(children.find(({ name }) => name === 'inference') ?? { attributes: [] }, 'xception.batch_size')?.integer, '1')
    const failed = spans.filter((span) => span.status?.code === 2)
    // What the client did wrong is no error of the server.
    assert.deepEqual(failed.map(({ name }) => name), ['decode'], 'the step that failed is marked, and nothing else')

    const ofRequests = server.log.filter((line) => line.includes('"route":"/classify"'))
    const lines = ofRequests.map((line) => JSON.parse(line) as { trace_id?: string, span_id?: string })
    assert.equal(lines.length, 2)
    assert.ok(lines.every((line) => line.trace_id === trace))
    assert.equal(lines[0]?.span_id, hex(request?.spanId ?? ''))
  } finally {
    collector.close()
  }
})
