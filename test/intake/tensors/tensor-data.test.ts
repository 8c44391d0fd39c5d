import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ServiceError } from '../../../src/base/errors.js'
import { JsonScanner } from '../../../src/intake/json/scanner.js'
import { TensorData } from '../../../src/intake/tensors/tensor-data.js'
import { ByteBudget } from '../../../src/intake/byte-budget.js'

const SHAPE = [1, 2, 3] as const

/** What is read of a body in pieces; the code of what is thrown. */
function read (json: string, { budget = new ByteBudget(1e6), maxImages = 3, pieceLength = 3 } = {}): TensorData | string {
  const data = new TensorData({ imageShape: SHAPE, maxImages, maxImageBytes: 10, claim: budget.claim(0) })
  const scanner = new JsonScanner(data)
  const bytes = Buffer.from(json)
  try {
    for (let start = 0; start < bytes.length; start += pieceLength) scanner.push(bytes.subarray(start, start + pieceLength))
    scanner.end()
    assert.ok(data.shape)
    return data
  } catch (error) {
    assert.ok(error instanceof ServiceError)
    return error.code
  }
}

function dataOf (json: string): TensorData {
  const data = read(json)
  assert.ok(data instanceof TensorData, String(data))
  return data
}

suite('a tensor', () => {
  test('of numbers, in an array for each image', () => {
    const data = dataOf('[[[[1,2,3],[4,5,6]]],[[[7,8,9],[-1.5,1e2,0]]]]')
    assert.deepEqual([data.holds, data.shape], ['pixels', [2, 1, 2, 3]])
    assert.deepEqual(data.images.map((image) => [...image]), [[1, 2, 3, 4, 5, 6], [7, 8, 9, -1.5, 100, 0]])
  })

  test('flat, whose last image may be short', () => {
    const data = dataOf('[1,2,3,4,5,6,7]')
    assert.deepEqual([data.shape, data.images.map((image) => [...image])], [[7], [[1, 2, 3, 4, 5, 6], [7, 0, 0, 0, 0, 0]]])
  })

  test('of files, each with its own error', () => {
    const data = dataOf('[["AAEC"],["§"],["data:image/png;base64,AAEC"]]')
    assert.deepEqual([data.holds, data.shape], ['files', [3, 1]])
    const files = data.files.map((file) => file instanceof ServiceError ? file.code : [...file])
    assert.deepEqual(files, [[0, 1, 2], 'malformed_body', [0, 1, 2]])
    const [large] = dataOf(`["${Buffer.alloc(11).toString('base64')}"]`).files
    assert.ok(large instanceof ServiceError && large.code === 'image_too_large')
  })

  test('of nothing, and of one value', () => {
    assert.deepEqual([dataOf('[]').shape, dataOf('[]').holds], [[0], undefined])
    assert.deepEqual(dataOf('[[],[]]').shape, [2, 0])
    assert.deepEqual([dataOf('7').shape, dataOf('"AAEC"').shape], [[], []])
  })

  const ragged = ['[[1],2]', '[1,[2]]', '[[1],[2,3]]', '[[],[1]]', '[[],1]', '[[[1]],[2]]']
  for (const json of [...ragged, '[1,"AAEC"]', '["AAEC",1]', '[{}]', '[null]', 'true']) {
    test(`and not ${json}`, () => { assert.equal(read(json), 'invalid_tensor') })
  }

  test('of more images than a request may have', () => {
    assert.equal(read(JSON.stringify(new Array(19).fill(0))), 'too_many_images')
    assert.equal(read('["","","",""]'), 'too_many_images')
  })

  test('takes what it holds out of the budget, image by image', () => {
    let taken = 0
    const budget = new ByteBudget(48, (bytes) => { taken = bytes })
    read(JSON.stringify(new Array(7).fill(0)), { budget })
    assert.equal(taken, 48)
    assert.equal(read('[0]', { budget }), 'overloaded')
  })
})
