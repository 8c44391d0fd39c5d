import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { varied } from '../../../src/train/fit/augment.js'
import { Batches, type Examples } from '../../../src/train/fit/batches.js'
import { chance, shuffled, symmetricBeta } from '../../../src/train/fit/chance.js'
import { DEFAULT_RECIPE, learningRateAt } from '../../../src/train/fit/recipe.js'

test('the learning rate rises along a line to its highest and falls along a cosine to nothing', () => {
  const rates = Array.from({ length: 100 }, (_, step) => learningRateAt(step, 100, { learningRate: 0.4, warmUp: 0.1 }))
  rates.slice(0, 10).forEach((rate, step) => { assert.ok(Math.abs(rate - 0.04 * (step + 1)) < 1e-9) })
  assert.equal(rates[10], 0.4)
  assert.ok(Math.abs((rates[55] ?? NaN) - 0.2) < 1e-9)
  assert.ok((rates[99] ?? NaN) > 0 && (rates[99] ?? NaN) < 1e-3)
  assert.equal(learningRateAt(0, 10, { learningRate: 1, warmUp: 0 }), 1)
})

describe('chance', () => {
  test('is the same for the same place, and another for each other', () => {
    const first = (...place: number[]): number => chance(1, 'picture', ...place).uniform()
    assert.equal(first(3, 5), first(3, 5))
    const all = new Set(Array.from({ length: 1000 }, (_, index) => first(Math.floor(index / 100), index % 100)))
    assert.equal(all.size, 1000)
    assert.notEqual(chance(1, 'order', 3).uniform(), chance(1, 'mixing', 3).uniform())
  })

  test('shuffles, and draws shares around a half that lie at the ends', () => {
    const numbers = shuffled(50, chance(1, 'order', 0))
    assert.notDeepEqual([...numbers], [...numbers].sort((left, right) => left - right))
    assert.deepEqual([...numbers].sort((left, right) => left - right), Array.from({ length: 50 }, (_, index) => index))
    const random = chance(2, 'mixing', 0)
    const shares = Array.from({ length: 4000 }, () => symmetricBeta(0.2, random))
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length
    assert.ok(Math.abs(mean - 0.5) < 0.03, `mean ${mean}`)
    // a² / (4 a² (2 a + 1)) for a = 0.2.
    assert.ok(Math.abs(variance - 1 / (4 * 1.4)) < 0.01, `variance ${variance}`)
  })
})

describe('varied pictures', () => {
  const side = 5
  const picture = Uint8Array.from({ length: side * side }, (_, index) => 10 * Math.floor(index / side) + index % side)
  const at = (pixels: Uint8Array, y: number, x: number): number => pixels[y * side + x] ?? NaN

  test('are moved and mirrored by every amount that is allowed, and no other', () => {
    const moves = new Set<string>()
    for (let place = 0; place < 500; place++) {
      const pixels = varied(picture, { side, channels: 1 }, { flip: true, shift: 1 }, chance(1, 'picture', place))
      const middle = at(pixels, 2, 2)
      const mirrored = at(pixels, 2, 3) < middle
      moves.add(`${Math.floor(middle / 10)} ${middle % 10} ${mirrored}`)
      const [down, right] = [Math.floor(middle / 10) - 2, middle % 10 - 2]
      const column = (mirrored ? side - 1 : 0) + right
      const reflected = column < 0 ? -column : column >= side ? 2 * (side - 1) - column : column
      assert.equal(at(pixels, 0, 0), 10 * Math.abs(down) + reflected)
    }
    assert.equal(moves.size, 18)
  })

  test('are as they were without a shift and a flip', () => {
    assert.equal(varied(picture, { side, channels: 1 }, { flip: false, shift: 0 }, chance(1, 'picture', 1)), picture)
  })
})

describe('batches', () => {
  const examples: Examples = {
    labels: Uint8Array.from({ length: 10 }, (_, index) => index % 2),
    pixels: async (index) => new Uint8Array(3).fill(100 + 10 * index)
  }
  const options = { examples, classes: 2, input: { side: 1, channels: 3 as const } }
  const plain = { ...DEFAULT_RECIPE, batch: 4, shift: 0 }

  test('show every picture once an epoch, with smoothed labels, in another order each time', async () => {
    const batches = new Batches({ ...options, recipe: { ...plain, batch: 5 } })
    const shown = await Promise.all([0, 1, 2, 3].map((step) => new Batches({ ...options, recipe: { ...plain, batch: 5 } }).at(step)))
    const epochs = [shown.slice(0, 2), shown.slice(2)].map((epoch) => epoch.flatMap(({ images }) => images.map(([byte]) => byte)))
    assert.equal(batches.stepsPerEpoch, 2)
    for (const epoch of epochs) assert.equal(new Set(epoch).size, 10)
    assert.notDeepEqual(epochs[0], epochs[1])
    const [{ images, labels }] = shown as [{ images: Uint8Array[], labels: Float32Array }]
    images.forEach(([byte = 0], row) => {
      const label = (byte - 100) / 10 % 2
      assert.ok(Math.abs((labels[row * 2 + label] ?? NaN) - 0.95) < 1e-6)
      assert.ok(Math.abs((labels[row * 2 + 1 - label] ?? NaN) - 0.05) < 1e-6)
    })
  })

  test('mix pictures and labels by the same shares', async () => {
    const bare = { ...plain, labelSmoothing: 0 }
    const { images } = await new Batches({ ...options, recipe: bare }).at(0)
    const mixed = await new Batches({ ...options, recipe: { ...bare, mixup: 1 } }).at(0)
    const bytes = images.map(([byte = 0]) => byte)
    mixed.images.forEach(([byte = 0], row) => {
      const [one = 0, other = 0] = [bytes[row], bytes[(row + 1) % 4]]
      const share = (byte - other) / (one - other)
      const odd = (share * ((one - 100) / 10 % 2)) + ((1 - share) * ((other - 100) / 10 % 2))
      assert.ok(Math.abs((mixed.labels[row * 2 + 1] ?? NaN) - odd) < 0.06, `${mixed.labels[row * 2 + 1]} and ${odd}`)
    })
  })
})
