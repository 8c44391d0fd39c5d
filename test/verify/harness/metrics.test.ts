import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseMetrics } from '../../../verify/harness/metrics.js'
import { Metrics } from '../../../src/telemetry/metrics.js'

suite('reading metrics', () => {
  test('each series is found by its name and labels', () => {
    const series = parseMetrics([
      '# HELP a_total What it counts: a_total 7',
      '# TYPE a_total counter',
      'a_total 3',
      'b{x="1",y="a } b"} 1.5e-3 1395066363000',
      'c{le="+Inf"} +Inf',
      'd{quote="\\""} NaN',
      ''
    ].join('\n'))
    assert.deepEqual([...series], [['a_total', 3], ['b{x="1",y="a } b"}', 0.0015], ['c{le="+Inf"}', Infinity], ['d{quote="\\""}', NaN]])
  })

  test('what the service writes is read', async () => {
    const series = parseMetrics(await new Metrics().registry.metrics())
    assert.equal(series.get('xception_inference_duration_seconds_count'), 0)
    assert.equal(series.get('xception_inference_duration_seconds_bucket{le="+Inf"}'), 0)
  })
})
