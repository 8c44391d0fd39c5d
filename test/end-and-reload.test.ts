import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import { OperatorError } from '../src/base/errors.js'
import { ServiceManager } from '../src/base/service-manager.js'
import { reloadOnSignal } from '../src/end-and-reload.js'
import { Reloader } from '../src/service/reload.js'
import { Slot } from '../src/service/slot.js'
import { Metrics } from '../src/telemetry/metrics.js'
import { until } from './support/until.js'

class ServingSlot extends Slot {
  override get notReadyReason (): undefined {
    return undefined
  }
}

test('a reload that fails is one sentence in the log, and by a defect has its stack', async (t) => {
  const lines: Array<{ readonly reason?: string, readonly err?: { readonly stack: string }, readonly level: number }> = []
  const logger = pino({}, { write: (line: string) => { lines.push(JSON.parse(line) as typeof lines[number]) } })
  const failures = [new OperatorError('MODEL=nowhere is no model'), new TypeError('a defect of ours')]
  const reloader = new Reloader({
    slot: new ServingSlot(new Metrics()), residentBytes: () => 0, usableBytes: () => Infinity, open: async () => { throw failures.shift() }
  })
  const reload = reloadOnSignal(logger, reloader, ServiceManager.of({}, { onFailure: () => {} }))
  t.after(() => { process.removeAllListeners('SIGHUP') })
  await reload()
  const errors = (): typeof lines => lines.filter(({ level }) => level === logger.levels.values.error)
  for (const count of [1, 2]) {
    process.kill(process.pid, 'SIGHUP')
    await until('the end of a reload', () => errors().length === count)
  }
  const [stated, defect] = errors()
  assert.deepEqual([stated?.reason, stated?.err], ['MODEL=nowhere is no model', undefined])
  assert.match(defect?.err?.stack ?? '', /TypeError: a defect of ours\n +at /)
})
