import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readTracing } from '../../src/telemetry/tracing-settings.js'

const ON = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }
const ALL = { ratio: 1, hasParents: true }

suite('the environment says which traces are sent', () => {
  for (const [env, settings] of [
    [{}, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, undefined],
    [ON, ALL],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'HTTPS://collector/v1/traces' }, ALL],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, ALL],
    [{ ...ON, OTEL_TRACES_EXPORTER: 'none' }, undefined],
    [{ ...ON, OTEL_TRACES_EXPORTER: '', OTEL_TRACES_SAMPLER: '' }, ALL],
    [{ ...ON, OTEL_SDK_DISABLED: 'True' }, undefined],
    [{ ...ON, OTEL_SDK_DISABLED: 'false' }, ALL],
    // What is off is not judged.
    [{ ...ON, OTEL_SDK_DISABLED: 'true', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, undefined],
    [{ ...ON, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, ALL],
    [{ ...ON, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' }, ALL],
    [{ ...ON, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20x,x-tenant=a' }, ALL],
    [{ ...ON, OTEL_TRACES_SAMPLER: 'always_off' }, { ...ALL, ratio: 0 }],
    [{ ...ON, OTEL_TRACES_SAMPLER: 'parentbased_always_on', OTEL_TRACES_SAMPLER_ARG: 'passed over' }, ALL],
    [{ ...ON, OTEL_TRACES_SAMPLER: 'traceidratio' }, ALL],
    [{ ...ON, OTEL_TRACES_SAMPLER: 'PARENTBASED_TRACEIDRATIO', OTEL_TRACES_SAMPLER_ARG: '0.25' }, { ...ALL, ratio: 0.25 }],
    [{ ...ON, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, { ...ALL, ratio: 0 }],
    [{ ...ON, OTEL_PROPAGATORS: 'tracecontext, baggage' }, ALL],
    [{ ...ON, OTEL_PROPAGATORS: 'baggage' }, { ...ALL, hasParents: false }],
    [{ ...ON, OTEL_PROPAGATORS: 'None' }, { ...ALL, hasParents: false }]
  ] as const) test(JSON.stringify(env), () => { assert.deepEqual(readTracing(env), settings) })
})

suite('what the service does not do ends the start with a sentence', () => {
  for (const [name, value, words] of [
    ['OTEL_SDK_DISABLED', '1', 'true, false'],
    ['OTEL_TRACES_EXPORTER', 'console', 'otlp, none'],
    ['OTEL_TRACES_EXPORTER', 'otlp,zipkin', 'otlp, none'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'http/protobuf'],
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'http/json', 'http/protobuf'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'collector:4318', 'an address such as http://collector:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://collector:4317', 'an address such as http://collector:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://col%zlector:4318', 'an address such as http://collector:4318'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote', 'always_on, always_off, traceidratio, ' +
      'parentbased_always_on, parentbased_always_off, parentbased_traceidratio'],
    ['OTEL_TRACES_SAMPLER_ARG', '10%', 'a number from 0 to 1'],
    ['OTEL_TRACES_SAMPLER_ARG', '0,5', 'a number from 0 to 1'],
    ['OTEL_TRACES_SAMPLER_ARG', '10', 'a number from 0 to 1'],
    ['OTEL_PROPAGATORS', 'tracecontext,b3', 'tracecontext, baggage, both with a comma between them, or none'],
    ['OTEL_PROPAGATORS', 'tracecontext,none', 'tracecontext, baggage, both with a comma between them, or none']
  ] as const) {
    test(`${name}=${value}`, () => {
      const sampler = name === 'OTEL_TRACES_SAMPLER_ARG' ? { OTEL_TRACES_SAMPLER: 'traceidratio' } : {}
      const message = `${name}=${value} is not supported: it takes ${words}.`
      assert.throws(() => readTracing({ ...ON, ...sampler, [name]: value }), { name: 'OperatorError', message })
    })
  }

  for (const value of ['a=b,secret', 'a=sec%ret', 'a=b%0Asecret', 'a=b\u20acsecret']) {
    test(`headers of which one is none, without showing them: ${JSON.stringify(value)}`, () => {
      const message = 'OTEL_EXPORTER_OTLP_HEADERS is not supported: it takes name=value, percent-encoded, with commas between several.'
      assert.throws(() => readTracing({ ...ON, OTEL_EXPORTER_OTLP_HEADERS: value }), { name: 'OperatorError', message })
    })
  }

  test('a password that cannot be read, without showing it', () => {
    const message = 'OTEL_EXPORTER_OTLP_ENDPOINT=http://...@collector is not supported: it takes an address such as http://collector:4318.'
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:sec%ret@collector' }
    assert.throws(() => readTracing(env), { name: 'OperatorError', message })
  })
})
