import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { usableCpus } from '../../src/base/cpus.js'
import { tensorFlowEnvironment } from '../../src/engine/backend.js'
import { startsAtOnce, WorkerPool } from '../../src/engine/pool.js'
import { childrenOf } from '../support/server.js'

const environment = tensorFlowEnvironment({ backend: 'cpu', threads: 1 })

test('the first worker loads alone, the others side by side', { skip: usableCpus() === 1 }, async (t) => {
  const path = mkdtempSync(join(tmpdir(), 'xception-pool-'))
  t.after(() => { rmSync(path, { recursive: true }) })
  const workerFile = new URL('../support/meeting-worker.js', import.meta.url)
  let ready = 0
  const observer = { ready: () => { ready++ } }
  const pool = new WorkerPool(3, { path, imageBytes: 1, warmUpBatchSizes: [], workerFile, environment, observer })
  t.after(() => pool.close())
  await pool.start()
  assert.deepEqual([pool.workers, ready], [3, 3])
})

test('a model that cannot be loaded is found out by one worker, and none is left', async () => {
  const others = await childrenOf(process.pid)
  const workerFile = new URL('../support/misbehaving-worker.js', import.meta.url)
  const pool = new WorkerPool(3, { path: 'refuse', imageBytes: 1, warmUpBatchSizes: [], workerFile, environment })
  const starting = pool.start()
  assert.equal((await childrenOf(process.pid)).length, others.length + 1)
  await assert.rejects(starting, /no such model/)
  assert.deepEqual(await childrenOf(process.pid), others)
})

suite('workers that load at the same time', () => {
  const cases = [
    ['as many as there are', { workers: 3, loadedBytes: 100, availableBytes: 10_000, cpus: 8 }, 3],
    ['no more than there are CPUs', { workers: 7, loadedBytes: 100, availableBytes: 10_000, cpus: 4 }, 4],
    ['no more than memory holds beside those that have loaded', { workers: 7, loadedBytes: 100, availableBytes: 1100, cpus: 8 }, 2],
    ['one where memory holds hardly all of them', { workers: 7, loadedBytes: 100, availableBytes: 700, cpus: 8 }, 1],
    ['one where memory does not hold all', { workers: 7, loadedBytes: 100, availableBytes: 300, cpus: 8 }, 1],
    ['by CPUs alone where the system says nothing of memory', { workers: 7, loadedBytes: 0, availableBytes: 300, cpus: 8 }, 7]
  ] as const
  for (const [what, facts, expected] of cases) {
    test(what, () => { assert.equal(startsAtOnce(facts), expected) })
  }
})
