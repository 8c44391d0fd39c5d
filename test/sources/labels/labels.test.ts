import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { readLabels } from '../../../src/sources/labels/index.js'
import { labelsBeside } from '../../../src/sources/labels/beside.js'
import { shared, withoutShared } from '../../support/shared.js'
import { tempFolder } from '../../support/temp-folder.js'

const folder = tempFolder()
let files = 0

function file (name: string, content: string | Uint8Array): string {
  const path = join(folder, `${++files}-${name}`)
  writeFileSync(path, content)
  return path
}

async function names (path: string, classes: number): Promise<string[]> {
  return (await readLabels(path, classes)).labels.map(({ label }) => label)
}

const FOUR = ['Glioma', 'Meningioma', 'No tumor', 'Pituitary']

suite('every file of the cases is read as its users would expect, or refused by name', { skip: withoutShared }, () => {
  const decided: Readonly<Record<string, string[] | RegExp>> = {
    'duplicate.txt': ['a', 'a', 'b', 'c'],
    'empty.txt': /empty\.txt cannot be read as labels: it is empty$/,
    'labels.pkl': /labels\.pkl cannot be read as labels: it is a Python pickle, which is a program that Python runs, and no text$/,
    'latin1.txt': ['Café', 'Été', 'Naïve', 'Über'],
    'numbers.json': ['0', '1', '2', '3'],
    'numbers.txt': ['0', '1', '2', '3'],
    'one.txt': /one\.txt has 1 labels, and the model gives 4 classes \(found: fake\)$/,
    'three.txt': /three\.txt has 3 labels, and the model gives 4 classes \(found: a, b, c\)$/,
    'two.txt': /two\.txt has 2 labels, and the model gives 4 classes \(found: fake, real\)$/,
    'two-dict-pretty.json': /two-dict-pretty\.json has 2 labels, and the model gives 4 classes \(found: fake, real\)$/,
    'unicode.txt': ['Café, été', '猫 🐈', '"quoted"', 'אב']
  }
  for (const name of withoutShared === false ? readdirSync(shared('cases/labels')) : []) {
    const expected = decided[name] ?? FOUR
    test(name, async () => {
      const found = names(shared(`cases/labels/${name}`), 4)
      if (expected instanceof RegExp) await assert.rejects(found, { message: expected })
      else assert.deepEqual(await found, expected)
    })
  }
})

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')
const npy = (descr: string, shape: string, data: Uint8Array): Buffer => {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117) + '\n'
  const length = Buffer.from(Uint16Array.of(header.length).buffer)
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(header), data])
}
const utf32 = (size: number, ...texts: string[]): Uint8Array => new Uint8Array(Uint32Array.from(
  texts.flatMap((text) => Array.from({ length: size }, (_, index) => text.codePointAt(index) ?? 0))
).buffer)

suite('labels are read', () => {
  const cases: Array<[name: string, file: string, content: string | Uint8Array, labels: string[]]> = [
    ['one a line', 'x', 'a b\nc', ['a b', 'c']],
    ['with the old line ends of a Macintosh', 'x.txt', 'a\rb\r', ['a', 'b']],
    ['in UTF-16', 'x.txt', Buffer.concat([Buffer.of(0xff, 0xfe), utf16('ä\r\nb')]), ['ä', 'b']],
    ['in UTF-16 with its big end first', 'x.txt', Buffer.concat([Buffer.of(0xfe, 0xff), utf16('ab\ncd').swap16()]), ['ab', 'cd']],
    ['in UTF-16 without a mark', 'x.txt', utf16('a\nb'), ['a', 'b']],
    ['in Latin-1', 'x.txt', Buffer.from('Käse\nö', 'latin1'), ['Käse', 'ö']],
    ['from index to name', 'x.json', JSON.stringify({ ...[...'abcdefghijk'] }), [...'abcdefghijk']],
    ['from name to index', 'x.json', '\uFEFF{"b": 1, "a": 0}', ['a', 'b']],
    ['from number to the same number', 'x.json', '{"0": 0, "1": 1}', ['0', '1']],
    ['of a Hugging Face model', 'config.json', '{"num_labels": 2, "id2label": {"0": "a", "1": "b"}, "label2id": {"a": 0}}', ['a', 'b']],
    ['of Teachable Machine', 'metadata.json', '{"tfjsVersion": "1.3.1", "labels": ["a", "b"], "imageSize": 224}', ['a', 'b']],
    ['objects with ids', 'x.json', '{"categories": [{"id": 1, "name": "b"}, {"id": 0, "name": "a"}]}', ['a', 'b']],
    ['a list of Python', 'x.txt', "['it''s', \"b\", 'c',]", ["it's", 'b', 'c']],
    ['a dictionary of Python', 'x.txt', "{'b': 1, 'a': 0}", ['a', 'b']],
    ['YAML as YOLO has it', 'data.yaml', 'train: images\nnc: 2\nnames:\n  0: a\n  1: b\n', ['a', 'b']],
    ['YAML in one line', 'data.yml', "nc: 2\nnames: ['a', b]\n", ['a', 'b']],
    ['a list of YAML', 'x.yaml', '- a\n- b\n', ['a', 'b']],
    ['numbered with tabs', 'x.txt', '0\ta\n1\tb', ['a', 'b']],
    ['numbered in another order', 'x.txt', '1 b\n0 a', ['a', 'b']],
    ['numbered from 1', 'x.txt', '1: a\n2: b', ['a', 'b']],
    ['numbered behind', 'x.txt', 'b: 1\na: 0', ['a', 'b']],
    ['not numbered, though they begin with numbers', 'x.txt', '1 star\n2 stars', ['1 star', '2 stars']],
    ['not numbered, or they would be the same', 'x.txt', '0 stars\n1 stars', ['0 stars', '1 stars']],
    ['with a comment and a heading', 'x.txt', '# of 2026\nlabel\na\nb', ['a', 'b']],
    ['with a hash that is a label', 'x.txt', '#a\nb', ['#a', 'b']],
    ['a table with a heading', 'x.csv', 'class_id,class_name\n1,"b, or c"\n0,a', ['a', 'b, or c']],
    ['a table without one, names first', 'x.csv', 'b;1\na;0', ['a', 'b']],
    ['a column', 'x.csv', 'label\na\nb', ['a', 'b']],
    ['a table with more columns', 'x.tsv', 'id\tname\tcount\n0\ta\t7\n1\tb\t7', ['a', 'b']],
    ['of NumPy', 'x.npy', npy('<U3', '(2,)', utf32(3, 'ab', '猫')), ['ab', '猫']],
    ['of NumPy, in bytes', 'x.npy', npy('|S2', '(2,)', Buffer.from('a\0bc')), ['a', 'bc']]
  ]
  for (const [name, path, content, labels] of cases) {
    test(name, async () => { assert.deepEqual(await names(file(path, content), labels.length), labels) })
  }

  test('with the synsets of ImageNet', async () => {
    const expected = [{ label: 'tench', wordnetId: 'n01440764' }, { label: 'goldfish', wordnetId: 'n01443537' }]
    for (const [name, content] of [
      ['index.json', '{"1": ["n01443537", "goldfish"], "0": ["n01440764", "tench"]}'],
      ['list.json', '[["n01440764", "tench"], {"label": "goldfish", "wordnetId": "n01443537"}]'],
      ['synset_words.txt', 'n01440764 tench\nn01443537 goldfish\n'], ['x.csv', 'n01440764,tench\nn01443537,goldfish']
    ] as const) {
      assert.deepEqual((await readLabels(file(name, content), 2)).labels, expected, name)
    }
  })

  test('repeated ones with a warning', async () => {
    assert.match((await readLabels(file('x.txt', 'a\nb\na'), 3)).warnings.join(), /x\.txt has the label "a" several times/)
  })
})

suite('labels are refused with what was found', () => {
  const cases: Array<[name: string, file: string, content: string | Uint8Array, message: RegExp]> = [
    ['numbers to other numbers', 'x.json', '{"0": 1, "1": 0}', /it has numbers as keys and as values, .* write an array of the names$/],
    ['numbers from 1 on', 'x.json', '{"1": "a", "2": "b"}', /its 2 keys are from 1 to 2, and each from 0 to 1 is needed once$/],
    ['a number twice', 'x.json', '{"a": 0, "b": 0}', /its 2 values are from 0 to 0 and repeat, and each from 0 to 1/],
    ['an object of something else', 'x.json', '{"epochs": "3", "loss": "mse"}', /it is an object with "epochs", "loss", and no labels$/],
    ['a list of lists', 'x.json', '[["a", "b"], ["c", "d"]]', /it holds \["a","b"\], which is no label$/],
    ['an empty label', 'x.json', '["a", " "]', /it holds " ", which is no label$/],
    ['damaged JSON', 'x.json', '["a"', /it is neither JSON nor a list or dictionary of Python \(.*JSON/],
    ['a table of which any column may be the names', 'x.csv', 'a,b\nc,d', /it has 2 columns \(a, b\), of which none can be told/],
    ['objects of NumPy, which are pickles', 'x.npy', npy('|O', '(2,)', Buffer.of(0x80)), /it is no NumPy array of texts .*'descr': '\|O'/],
    ['an array that is cut off', 'x.npy', npy('<U3', '(2,)', Buffer.alloc(3)), /its 2 texts do not fit its 131 bytes$/],
    ['a picture', 'x.txt', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), /it is a picture, and no text$/],
    ['bytes', 'x.txt', Buffer.of(1, 2, 3), /it holds control characters, so it is no text$/]
  ]
  for (const [name, path, content, message] of cases) {
    test(name, async () => { await assert.rejects(readLabels(file(path, content), 2), { message }) })
  }

  test('a damaged text of two bytes a letter', async () => {
    const half = Buffer.from('\xff\xfea\0b', 'latin1')
    await assert.rejects(readLabels(file('x.txt', half), 2), { name: 'OperatorError', message: /cannot be read as labels: .*utf-16le/ })
  })

  test('no file', async () => { await assert.rejects(readLabels(join(folder, 'nowhere'), 2), /nowhere cannot be read \(ENOENT\)$/) })
})

test('a file beside the model that fits nothing is passed over, with a word where it is called labels', async () => {
  const model = mkdtempSync(join(folder, 'model-'))
  const path = join(model, 'model.keras')
  writeFileSync(path, '')
  assert.deepEqual(await labelsBeside(path, 2), { warnings: [] })
  writeFileSync(join(model, 'metadata.json'), '{"keras_version": "3.0.0"}')
  assert.deepEqual(await labelsBeside(path, 2), { warnings: [] })
  writeFileSync(join(model, 'labels.txt'), 'a\nb\nc')
  writeFileSync(join(model, 'labels.json'), '{"a": 0, "b": 1}')
  const { labels, warnings } = await labelsBeside(model, 2)
  assert.deepEqual(labels, [{ label: 'a' }, { label: 'b' }])
  assert.match(warnings.join(), /^labels\.txt beside the model is not used: .*labels\.txt has 3 labels, .* 2 classes \(found: a, b, c\)$/)
})

test('a file beside the model that the system does not let be read has a word, whatever it is called', async () => {
  const model = mkdtempSync(join(folder, 'model-'))
  for (const name of ['labels.txt', 'metadata.json']) {
    const path = join(model, name)
    symlinkSync(name, path)
    const { labels, warnings } = await labelsBeside(model, 2)
    assert.equal(labels, undefined)
    const reason = `${path} cannot be read (ELOOP): its symbolic links lead in a circle`
    assert.deepEqual(warnings, [`${name} beside the model is not used: ${reason}`])
    rmSync(path)
  }
})
