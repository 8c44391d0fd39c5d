import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metrics } from '../../src/telemetry/metrics.js'

test('what was counted is in the next scrape, in order', async () => {
  const metrics = new Metrics()
  metrics.imagesInFlight.inc(3)
  metrics.imagesInFlight.dec()
  metrics.images.inc({ outcome: 'ok' }, 2)
  metrics.batch(4, 20)
  const text = await metrics.registry.metrics()
  assert.match(text, /^xception_images_in_flight 2$/m)
  assert.match(text, /^xception_images_total\{outcome="ok"\} 2$/m)
  assert.match(text, /^xception_batch_size_sum 4$/m)
  metrics.imagesInFlight.dec(2)
  assert.equal((await metrics.imagesInFlight.get()).values[0]?.value, 0)
})
