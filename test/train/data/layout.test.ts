import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { OperatorError } from '../../../src/base/errors.js'
import { layOut, type Layout, type LayoutOptions } from '../../../src/train/data/layout.js'

interface More extends LayoutOptions { readonly others?: readonly string[], readonly folders?: readonly string[] }

const laidOut = (pictures: readonly string[], { others = [], folders = [], ...options }: More = {}): Layout => (
  layOut({ pictures, others, folders }, options)
)
const placesOf = (paths: readonly string[], more?: More): string[] => {
  const { places } = laidOut(paths, more)
  return paths.map((path) => {
    const place = places.get(path)
    return place === undefined ? 'none' : `${place.split ?? '-'} ${place.className}`
  })
}
const isRefused = (paths: readonly string[], words: RegExp, more?: More): void => {
  assert.throws(() => laidOut(paths, more), (error) => {
    assert.ok(error instanceof OperatorError)
    assert.match(error.message, words)
    return true
  })
}
/** Two classes in each of the folders. */
const inEach = (...folders: readonly string[]): string[] => folders.flatMap((folder) => [`${folder}/cat/1.jpg`, `${folder}/dog/2.jpg`])

suite('the layout of a dataset', () => {
  test('has a folder a class, with what is deeper in it', () => {
    assert.deepEqual(placesOf(['cat/1.jpg', 'dog/2.jpg', 'dog/old/3.jpg']), ['- cat', '- dog', '- dog'])
    assert.deepEqual(laidOut(['cat/1.jpg', 'dog/2.jpg', 'dog/old/3.jpg']).notes, ['Pictures in folders within "dog" count to it.'])
  })

  test('has splits where a folder to train with stands beside others, by the usual names in any case', () => {
    const SETS = [
      ['train', 'validation', 'test'], ['train', 'val', 'test'], ['train', 'valid', 'test'], ['Training', 'Validation', 'Testing'],
      ['training_set', 'dev-set', 'test_set'], ['train_images', 'val_images', 'test_images'], ['TrainData', 'ValData', 'TestData'],
      ['trainset', 'valset', 'testset'], ['train2017', 'val2017', 'test2017'], ['1_train', '2_val', '3_test'],
      ['seg_train', 'seg_val', 'seg_test'], ['asl alphabet train', 'asl alphabet valid', 'asl alphabet test']
    ]
    for (const folders of SETS) {
      const expected = ['train', 'validation', 'test'].flatMap((split) => [`${split} cat`, `${split} dog`])
      assert.deepEqual(placesOf(inEach(...folders)), expected)
      assert.deepEqual(placesOf(inEach(...folders.map((name) => `data/photos/${name}`))), expected)
      assert.deepEqual(placesOf(inEach(folders[0] ?? '', folders[2] ?? '')), expected.filter((place) => !place.startsWith('validation')))
      assert.equal(laidOut(inEach(...folders)).isSplit, true)
    }
  })

  test('looks through folders that stand alone, train among them, and those that each split has', () => {
    assert.deepEqual(placesOf(inEach('data/train')), ['- cat', '- dog'])
    assert.deepEqual(placesOf(['cat/1.jpg', 'cat/2.jpg']), ['- cat', '- cat'])
    assert.deepEqual(placesOf(inEach('train/images', 'test/images')), ['train cat', 'train dog', 'test cat', 'test dog'])
    assert.deepEqual(placesOf(inEach('seg_train/seg_train', 'seg_test/seg_test')), ['train cat', 'train dog', 'test cat', 'test dog'])
    assert.deepEqual(placesOf(['train/cat/1.jpg', 'train/dog/2.jpg', 'test/cat/3.jpg']), ['train cat', 'train dog', 'test cat'])
    const unlabelled = [...inEach('a_train/a_train'), 'a_test/a_test/cat_test.jpg']
    assert.deepEqual(placesOf(unlabelled), ['- cat', '- dog', 'none'])
  })

  test('refuses by name what looks like a split and cannot be one', () => {
    isRefused(inEach('train', 'test', 'extra'), /"test" and "train" look like splits of the pictures, but "extra" beside them does not/)
    isRefused(inEach('train', 'test', 'extra'), /--folders-are-classes/)
    isRefused([...inEach('seg_train', 'seg_test'), 'seg_pred/1.jpg'], /but "seg_pred" beside them does not/)
    isRefused(['train/1.jpg', 'bus/2.jpg', 'test/3.jpg'], /"test" and "train" look like splits of the pictures, but "bus"/)
    isRefused(['train/1.jpg', 'bus/2.jpg', 'car/3.jpg'], /"train" looks like a split of the pictures, but "bus" and "car" beside it do not/)
    isRefused([...inEach('train'), 'cat/1.jpg'], /"train" looks like a split/)
    isRefused(inEach('train', 'val', 'valid'), /"val" and "valid" are the same one, validation/)
    isRefused(inEach('Train', 'train'), /"Train" and "train" are the same one, train/)
    isRefused(inEach('val', 'test'), /none is the one to train with/)
    isRefused(inEach('train', 'eval'), /"eval" is not clearly one/)
    isRefused(inEach('train', 'train_val'), /"train_val" is not clearly one/)
    isRefused(inEach('dogs_train', 'cats_test'), /they have other names besides/)
    isRefused(['train_images/1.jpg', 'test_images/2.jpg'], /no folder for each class inside/)
    const table = { others: ['train.csv'] }
    isRefused(['train_images/1.jpg', 'test_images/2.jpg'], /\("train\.csv", which may say the classes, is not read\)/, table)
    isRefused(['train/cat.0.jpg', 'test1/1.jpg'], /no folder for each class inside/)
    isRefused(['cat/train/1.jpg', 'cat/test/2.jpg', 'dog/train/3.jpg'], /"cat" has "train" and "test" inside, which look like splits/)
  })

  test('takes names with such a word in them for classes, and any name where that is said', () => {
    assert.deepEqual(placesOf(['bullet_train/1.jpg', 'station/2.jpg']), ['- bullet_train', '- station'])
    assert.deepEqual(placesOf(['test tube/1.jpg', 'trains/2.jpg']), ['- test tube', '- trains'])
    assert.deepEqual(placesOf(['positive_test/1.jpg', 'negative_test/2.jpg']), ['- positive_test', '- negative_test'])
    const vehicles = ['train/1.jpg', 'bus/2.jpg', 'test/3.jpg']
    assert.deepEqual(placesOf(vehicles, { foldersAreClasses: true }), ['- train', '- bus', '- test'])
  })

  test('leaves out what has no class, and says so', () => {
    const { strays, places, notes } = laidOut(['0.jpg', 'train/1.jpg', 'train/cat/2.jpg', 'test/cat/3.jpg'])
    assert.deepEqual(strays, ['0.jpg', 'train/1.jpg'])
    assert.equal(places.size, 2)
    assert.deepEqual(notes, ['"train" has pictures in no class\'s folder: 1 are left out.'])
    const unlabelled = laidOut([...inEach('train'), 'test/1.jpg', 'test/2.jpg'])
    assert.deepEqual([unlabelled.isSplit, unlabelled.strays], [false, ['test/1.jpg', 'test/2.jpg']])
    assert.deepEqual(unlabelled.notes, ['"test" has pictures in no class\'s folder: 2 are left out.'])
  })

  test('names folders without a picture, and refuses what could be a class', () => {
    const pictures = ['cat/1.jpg', 'dog/2.jpg']
    assert.deepEqual(laidOut(pictures, { others: ['labels/1.xml', 'labels/2.xml', 'labels/n.txt'] }).notes,
      ['The folder "labels" has no picture by its name (2 .xml, 1 .txt), so it is no class.'])
    isRefused(pictures, /The folder "zebra" is empty/, { folders: ['cat', 'dog', 'zebra'] })
    isRefused(pictures, /The folder "fox" has no picture by its name \(2 without an ending\)/, { others: ['fox/1', 'fox/2'] })
    isRefused(inEach('train', 'test'), /The folder "zebra" is empty/, { folders: ['train', 'train/zebra', 'test'] })
    const within = { folders: ['cat', 'cat/empty', 'dog'], others: ['readme.txt', 'cat/notes'] }
    assert.deepEqual(laidOut(pictures, within).notes, [])
  })

  test('refuses classes that differ by case or blanks alone, and takes one name for the same letters', () => {
    isRefused(['Cat/1.jpg', 'cat/2.jpg', 'dog/3.jpg'], /"Cat" and "cat" differ by case or blanks alone/)
    isRefused([...inEach('train'), 'test/Cat/3.jpg'], /"Cat" and "cat" differ/)
    isRefused(['cat /1.jpg', 'cat/2.jpg'], /differ by case or blanks alone/)
    assert.deepEqual(placesOf(['caf\u00e9/1.jpg', 'cafe\u0301/2.jpg', 'bar/3.jpg']), ['- caf\u00e9', '- caf\u00e9', '- bar'])
  })
})
