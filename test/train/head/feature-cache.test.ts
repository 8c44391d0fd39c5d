import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, suite, test } from 'node:test'
import { OperatorError } from '../../../src/base/errors.js'
import { FeatureCache, featureKey } from '../../../src/train/head/feature-cache.js'
import { thisSuite } from '../../support/ending.js'
import { tempFolder } from '../../support/temp-folder.js'

const file = thisSuite()
let folder: string
beforeEach(() => { folder = tempFolder(file) })

const open = (modelKey = 'one'): Promise<FeatureCache> => FeatureCache.open({ folder, modelKey, length: 3, maxBytes: 2 ** 30 })
const KEYS = ['a', 'b'].map((hash) => featureKey(hash, 0))
const [FIRST = '', SECOND = ''] = KEYS

suite('the cache of features', () => {
  test('gives later runs what was added, by content, variant and model', async () => {
    const cache = await open()
    await cache.add(FIRST, Float32Array.of(1, 2, 3))
    await cache.add(SECOND, Float32Array.of(4, 5, 6))
    await cache.close()
    const later = await open()
    assert.deepEqual(KEYS.map((key) => later.get(key)), [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)])
    assert.equal(later.get(featureKey('a', 1)), undefined)
    assert.equal((await open('two')).get(FIRST), undefined)
  })

  test('passes over a record that is cut off or damaged', async () => {
    const cache = await open()
    await cache.add(FIRST, Float32Array.of(1, 2, 3))
    await cache.add(SECOND, Float32Array.of(4, 5, 6))
    const [name = ''] = readdirSync(join(folder, 'one'))
    const path = join(folder, 'one', name)
    const whole = readFileSync(path)
    appendFileSync(path, whole.subarray(0, 20))
    assert.deepEqual((await open()).get(SECOND), Float32Array.of(4, 5, 6))
    writeFileSync(path, whole.subarray(0, whole.length - 5))
    const cut = await open()
    assert.deepEqual([cut.get(FIRST), cut.get(SECOND)], [Float32Array.of(1, 2, 3), undefined])
    whole[40] = 255 - (whole[40] ?? 0)
    writeFileSync(path, whole)
    const damaged = await open()
    assert.deepEqual([damaged.get(FIRST), damaged.get(SECOND)], [undefined, Float32Array.of(4, 5, 6)])
    await cache.close()
  })

  test('that cannot be written is said in one sentence', async () => {
    writeFileSync(join(folder, 'one'), '')
    await assert.rejects(open(), (error: unknown) => (
      error instanceof OperatorError && /^MODEL_CACHE_DIR: features cannot be kept in/.test(error.message)
    ))
  })
})
