import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { layOut } from '../../../src/train/data/layout.js'

const placesOf = (paths: readonly string[]): Record<string, string> => Object.fromEntries(
  Array.from(layOut(paths).places, ([path, { split, className }]) => [path, `${split ?? '-'} ${className}`])
)

suite('the layout of a dataset', () => {
  test('has a folder a class, with what is deeper in it', () => {
    const expected = { 'cat/1.jpg': '- cat', 'dog/2.jpg': '- dog', 'dog/old/3.jpg': '- dog' }
    assert.deepEqual(placesOf(['cat/1.jpg', 'dog/2.jpg', 'dog/old/3.jpg']), expected)
  })

  test('has splits where train stands beside validation or test', () => {
    const paths = ['train/cat/1.jpg', 'train/dog/2.jpg', 'test/cat/3.jpg']
    assert.deepEqual(placesOf(paths), { [paths[0] ?? '']: 'train cat', [paths[1] ?? '']: 'train dog', [paths[2] ?? '']: 'test cat' })
    assert.equal(layOut(paths).isSplit, true)
  })

  test('looks through folders that stand alone, train among them', () => {
    assert.deepEqual(Object.values(placesOf(['data/train/cat/1.jpg', 'data/train/dog/2.jpg'])), ['- cat', '- dog'])
    assert.deepEqual(Object.values(placesOf(['data/train/cat/1.jpg', 'data/validation/cat/2.jpg'])), ['train cat', 'validation cat'])
    assert.deepEqual(placesOf(['cat/1.jpg', 'cat/2.jpg']), { 'cat/1.jpg': '- cat', 'cat/2.jpg': '- cat' })
  })

  test('takes train and test for classes where other folders stand beside them', () => {
    assert.deepEqual(Object.values(placesOf(['train/1.jpg', 'bus/2.jpg', 'test/3.jpg'])), ['- train', '- bus', '- test'])
  })

  test('names what belongs to no class', () => {
    const { strays, places } = layOut(['0.jpg', 'train/1.jpg', 'train/cat/2.jpg', 'test/cat/3.jpg'])
    assert.deepEqual(strays, ['0.jpg', 'train/1.jpg'])
    assert.equal(places.size, 2)
  })
})
