import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { candidatesOf, type Candidate, type Kernels } from '../../../src/engine/choice/candidates.js'
import { estimatesOf, fastestOf, type Timed } from '../../../src/engine/choice/timing.js'

const of = (kernels: Kernels): Candidate => ({ products: 'float32', maps: 'float32', kernels })
const LAYERS = [{ name: 'first', count: 1 }, { name: 'often', count: 20 }, { name: 'pooling', count: 0 }]

/** Times of each candidate: rounds, and in them layers. */
function timed (times: Readonly<Partial<Record<Kernels, number[][]>>>): Timed {
  const all = Object.entries(times).map(([kernels, rounds]) => ({ candidate: of(kernels as Kernels), rounds }))
  return { layers: LAYERS, times: all, spareCpus: undefined }
}

const chosen = (times: Parameters<typeof timed>[0]): string | undefined => fastestOf(estimatesOf(timed(times)))?.kernels
const steady = (often: number): number[][] => Array.from({ length: 4 }, () => [1, often, 9])

suite('what was timed', () => {
  test('counts by the shortest time of each layer and by how many layers it stands for', () => {
    const [estimate] = estimatesOf(timed({ avx2: [[5, 2, 1], [1, 2, 99], [1, 9, 1], [7, 2, 1]] }))
    assert.deepEqual(estimate, { ...of('avx2'), milliseconds: 41, disagreement: 0 })
  })

  test('says nothing of what was timed less than twice', () => {
    assert.deepEqual(estimatesOf(timed({ avx2: [[1, 2, 3]] })), [])
    assert.equal(chosen({ avx2: [[1, 2, 3]], tensorflow: steady(9) }), 'tensorflow')
  })

  test('makes another one than the first the choice only where that is faster by more than is close', () => {
    assert.equal(chosen({ avx512: steady(1), avx2: steady(0.98), tensorflow: steady(0.98) }), 'avx512')
    assert.equal(chosen({ avx512: steady(1), avx2: steady(0.95), tensorflow: steady(0.9) }), 'tensorflow')
    assert.equal(chosen({ avx512: steady(1), avx2: steady(0.9), tensorflow: steady(0.89) }), 'avx2')
  })

  test('has to agree with itself as far as it says that another one is faster', () => {
    const moving = [[1, 0.9, 9], [1, 1.2, 9], [1, 0.9, 9], [1, 1.2, 9]]
    assert.equal(chosen({ avx512: steady(1), tensorflow: moving }), 'avx512')
    assert.equal(chosen({ avx512: steady(2), tensorflow: moving }), 'tensorflow')
  })
})

test('candidates are all rows for such products, and TensorFlow for what it has', () => {
  const rows = [
    { name: 'avx512', maps: 'float32', weights: 'float32' }, { name: 'avx2', maps: 'float32', weights: 'float32' },
    { name: 'avx2', maps: 'float32', weights: 'int8' }, { name: 'avx512_vnni', maps: 'bfloat16', weights: 'int8' }
  ] as const
  assert.deepEqual(candidatesOf('float32', rows), [of('avx512'), of('avx2'), of('tensorflow')])
  assert.deepEqual(candidatesOf('int8', rows).map(({ maps, kernels }) => [maps, kernels]), [
    ['bfloat16', 'avx512_vnni'], ['float32', 'avx2']
  ])
  assert.deepEqual(candidatesOf('bfloat16', rows).map(({ kernels }) => kernels), ['tensorflow'])
})
