import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, test } from 'node:test'
import { assertSentence, newPath, readAll, writeFile, zip } from '../files/support.js'
import { bytes, call, dictionary, global, integer, pickle, storage, tensor, text, tuple, uint32 } from './pickles.js'

/** A pickle of some kilobytes must not cost more, whatever it claims. */
const MAX_RESIDENT_BYTES = 400e6

after(() => {
  const peak = process.resourceUsage().maxRSS * 1024
  assert.ok(peak < MAX_RESIDENT_BYTES, `${peak} bytes resident`)
})

const numbers = Buffer.from(Float32Array.of(1, 2, 3, 4).buffer)
const four = storage('0', 4)

function inZip (content: Uint8Array, { data = numbers, byteorder = 'little' } = {}): string {
  return writeFile('model.pth', zip([
    { name: 'archive/data.pkl', content: Buffer.from(content) },
    { name: 'archive/byteorder', content: Buffer.from(byteorder) },
    { name: 'archive/data/0', content: data }
  ]))
}

const MAGIC = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex')
const system = pickle(dictionary({ little_endian: bytes(0x88) }))

function inStream (content: Uint8Array, { keys = pickle(']', text('0'), 'a'), count = 4, about = system } = {}): string {
  const counted = Buffer.alloc(8)
  counted.writeUInt32LE(count)
  return writeFile('model.pth', bytes(MAGIC, pickle('M', 0xe9, 0x03), about, content, keys, counted, numbers))
}

test('a pickle by hand is read as those of torch.save, in both containers', async () => {
  const content = pickle(dictionary({ weight: tensor(four, [2, 2], [1, 2]) }))
  for (const path of [inZip(content), inStream(content)]) {
    assert.deepEqual((await readAll(path)).weights, [[': weight [2, 2]', [1, 3, 2, 4]]])
  }
})

test('what checkpoints have beside weights is passed over, though nobody knows its classes', async () => {
  const { weights } = await readAll(inZip(pickle(dictionary({
    args: bytes(global('argparse', 'Namespace'), ')', 0x81, dictionary({ lr: integer(1) }), 'b'),
    best: call(global('numpy.core.multiarray', 'scalar'), text('f8')),
    state_dict: dictionary({ weight: tensor(four, [4], [1]) })
  }))))
  assert.deepEqual(weights, [[': weight [4]', [1, 2, 3, 4]]])
})

const marker = newPath('executed')
const inState = (value: Uint8Array): Buffer => pickle(dictionary({ weight: tensor(four, [4], [1]), other: value }))
/** 20 lists, each of which holds the one before ten times over. */
const explosion = bytes('(]', 'q\x00', ...Array.from({ length: 20 }, (_, level) => (
  bytes('](', ...Array.from({ length: 10 }, () => bytes('h', level)), 'e', 'q', level + 1)
)), 't')

const ones = Array<number>(99).fill(1)
const three = storage('0', 3)
const modules = dictionary({ a: Buffer.from('h\x00'), b: Buffer.from('h\x00') })

const refused: ReadonlyArray<readonly [name: string, content: Buffer, message: RegExp]> = [
  ['a call of the system', pickle(call(global('os', 'system'), text(`touch ${marker}`))), /calls os\.system, which is not read/],
  ['one beside weights', inState(call(global('posix', 'system'), text(`touch ${marker}`))), /calls posix\.system/],
  ['one that is dropped again', pickle(call(global('os', 'system'), text(`touch ${marker}`)), '0', '}'), /calls os\.system/],
  ['eval', pickle(call(global('builtins', 'eval'), text('1'))), /calls builtins\.eval/],
  ['getattr', pickle(call(global('builtins', 'getattr'), text('a'), text('b'))), /calls builtins\.getattr/],
  ['a pickle within', pickle(call(global('torch.storage', '_load_from_bytes'), text('a'))), /calls torch\.storage\._load_from_bytes/],
  ['another way to make tensors', pickle(call(global('torch._utils', '_rebuild_qtensor'))), /calls torch\._utils\._rebuild_qtensor/],
  ['a call of what a call gave', pickle(call(global('collections', 'OrderedDict')), ')', 'R'), /calls what is no function/],
  ['an instance of protocol 0', pickle('(', 'iposix\nsystem\n'), /the instruction INST, which is not read/],
  ['an object of protocol 0', pickle('(', global('os', 'system'), 'o'), /the instruction OBJ/],
  ['a registered extension', pickle(0x82, 1), /the instruction EXT1/],
  ['an unknown instruction', pickle(0xff), /the instruction 0xff/],
  ['a later protocol', bytes(0x80, 9, 'N.'), /protocol 9/],
  ['the storage of other numbers', pickle(dictionary({ weight: tensor(storage('0', 4, 'CharStorage'), [4], [1]) })), /torch\.CharStorage/],
  ['a tensor beyond its storage', pickle(dictionary({ weight: tensor(four, [5], [1]) })), /tensor of \[5\] in the storage 0 of 4 numbers/],
  ['one that an offset puts there', pickle(dictionary({ weight: tensor(four, [2], [1], 3) })), /tensor of \[2\] in the storage 0/],
  ['one that strides put there', pickle(dictionary({ weight: tensor(four, [2], [9]) })), /tensor of \[2\] in the storage 0/],
  ['one that repeats its storage', pickle(dictionary({ weight: tensor(four, [1000, 1000], [0, 0]) })), /tensor of \[1000, 1000\]/],
  ['one of negative sides', pickle(dictionary({ weight: tensor(four, [-1], [1]) })), /whose shape and strides are none/],
  ['one of many dimensions', pickle(dictionary({ weight: tensor(four, ones, ones) })), /are none/],
  ['a storage that is none', pickle(text('storage'), 'Q'), /persistent identity that is not PyTorch's/],
  ['two storages of one key', pickle(dictionary({ a: tensor(four, [4], [1]), b: tensor(three, [3], [1]) })), /two storages of the key 0/],
  ['a text beyond the end', pickle('X', uint32(0x7fffffff), 'abc'), /ends early/],
  ['a mark that is not there', pickle('t'), /back to a mark/],
  ['a value that is not there', pickle('h', 7), /back to the value 7/],
  ['an empty stack', pickle('0'), /takes a value where there is none/],
  ['values left over', pickle('NN'), /values left over/],
  ['marks without end', pickle('('.repeat(5000)), /nested more than 1000 deep/],
  ['lists without end', pickle(']'.repeat(600_000)), /more than 500000 lists/],
  ['dictionaries of dictionaries', pickle('}('.repeat(999), '}', 'u'.repeat(999)), /./],
  ['lists that grow tenfold each', pickle(explosion), /holds a list/],
  ['a state dictionary in itself', pickle('}', 'q\x00', text('state_dict'), 'h\x00', 's'), /dictionary without weights/],
  [
    'a module in itself',
    pickle(global('torch.nn', 'Module'), ')', 0x81, 'q\x00', dictionary({ _modules: modules }), 'b'),
    /modules in modules without end/
  ],
  ['an object without weights', pickle(global('app', 'Config'), ')', 0x81), /an object of the class app\.Config, without weights/],
  ['a list', pickle(tuple(integer(1))), /holds a list/],
  ['nothing', pickle('N'), /holds nothing/]
]
for (const [name, content, message] of refused) {
  test(`${name}: refused by name in both containers, and nothing is executed`, async () => {
    for (const path of [inZip(content), inStream(content, { keys: pickle(']') })]) {
      await assert.rejects(readAll(path), (error) => assertSentence(error, path, message))
    }
    assert.ok(!existsSync(marker))
  })
}

const whole = pickle(dictionary({ weight: tensor(four, [4], [1]) }))
const bigEndian = pickle(dictionary({ little_endian: bytes(0x89) }))
const containers: ReadonlyArray<readonly [name: string, path: string, message: RegExp]> = [
  ['numbers of the other byte order', inZip(whole, { byteorder: 'big' }), /highest byte first/],
  ['a storage of another size', inZip(whole, { data: Buffer.alloc(12) }), /storage 0 has 12 bytes for 4 numbers/],
  ['a stream of the other byte order', inStream(whole, { about: bigEndian }), /highest byte first/],
  ['a stream with another count', inStream(whole, { count: 5 }), /storage 0 has 5 numbers, and its pickle says 4/],
  ['a stream with keys that nothing refers to', inStream(whole, { keys: pickle(']', text('9'), 'a') }), /storage 9 that nothing refers to/],
  ['a stream without its storage', inStream(whole, { keys: pickle(']') }), /storage 0 is not in the file/],
  [
    'a stream whose storage is cut',
    inStream(pickle(dictionary({ weight: tensor(storage('0', 400), [400], [1]) })), { keys: pickle(']', text('0'), 'a'), count: 400 }),
    /ends 1584 bytes early/
  ]
]
for (const [name, path, message] of containers) {
  test(`${name}: refused in one sentence`, async () => {
    await assert.rejects(readAll(path), (error) => assertSentence(error, path, message))
  })
}
