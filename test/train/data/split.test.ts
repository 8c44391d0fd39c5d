import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { foldsOf } from '../../../src/train/data/index.js'
import { splitByClass } from '../../../src/train/data/split.js'
import type { Sample } from '../../../src/train/data/index.js'

const sample = (label: number, picture: string, path = `${label}/${picture}`): Sample => (
  { path, label, hash: path, pixelsHash: `${label} ${picture}`, read: async () => new Uint8Array() }
)
const SAMPLES = [0, 1].flatMap((label) => Array.from({ length: label === 0 ? 20 : 30 }, (_, index) => sample(label, String(index))))
const SHARES = { validation: 0.1, test: 0.2 }
const counts = (samples: readonly Sample[]): number[] => [0, 1].map((label) => samples.filter((one) => one.label === label).length)
const paths = (samples: readonly Sample[]): string[] => samples.map(({ path }) => path).sort()

suite('splitByClass', () => {
  test('takes the shares from each class, each sample once', () => {
    const { train, validation, test } = splitByClass(SAMPLES, SHARES, 1)
    assert.deepEqual([counts(train), counts(validation), counts(test)], [[14, 21], [2, 3], [4, 6]])
    assert.deepEqual(paths([...train, ...validation, ...test]), paths(SAMPLES))
  })

  test('goes by seed and content, not by the order', () => {
    const first = splitByClass(SAMPLES, SHARES, 1)
    assert.deepEqual(paths(splitByClass([...SAMPLES].reverse(), SHARES, 1).test), paths(first.test))
    assert.notDeepEqual(paths(splitByClass(SAMPLES, SHARES, 2).test), paths(first.test))
  })

  test('leaves one of a small class for fitting', () => {
    const { train } = splitByClass([sample(0, 'a'), sample(1, 'b'), sample(1, 'c')], { validation: 0.5, test: 0.5 }, 1)
    assert.deepEqual(counts(train), [1, 1])
  })

  test('keeps files that show the same together', () => {
    const twins = SAMPLES.flatMap((one) => [one, { ...one, path: `${one.path} copy` }])
    const { train, validation, test } = splitByClass(twins, SHARES, 1)
    for (const split of [train, validation, test]) {
      const pictures = new Set(split.map(({ pixelsHash }) => pixelsHash))
      assert.equal(split.length, 2 * pictures.size)
    }
  })
})

suite('foldsOf', () => {
  test('deals each class out evenly', () => {
    const folds = foldsOf(SAMPLES, 5, 1)
    for (let fold = 0; fold < 5; fold++) assert.deepEqual(counts(SAMPLES.filter((_, index) => folds[index] === fold)), [4, 6])
  })

  test('goes by seed and content, and keeps files that show the same together', () => {
    const twins = [...SAMPLES.map((one) => ({ ...one, path: `${one.path} copy` })), ...SAMPLES]
    const folds = foldsOf(twins, 5, 1)
    assert.deepEqual(folds.subarray(0, SAMPLES.length), folds.subarray(SAMPLES.length))
    const reversed = foldsOf([...SAMPLES].reverse(), 5, 1).reverse()
    assert.deepEqual(reversed, foldsOf(SAMPLES, 5, 1))
    assert.notDeepEqual(foldsOf(SAMPLES, 5, 2), foldsOf(SAMPLES, 5, 1))
  })
})
