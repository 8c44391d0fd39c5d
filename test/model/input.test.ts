import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { chooseInput, describeInput, type InputFacts, type InputSettings } from '../../src/model/input.js'

const SETTINGS: InputSettings = { inputSize: 'auto', fit: 'auto', kernel: 'auto', scale: 'auto' }
const FACTS: InputFacts = { source: 'model.keras', size: 48, channels: 3, sizeIsKnown: true }

/** What a pixel of RGB becomes, in the order that the network sees. */
function scaled (scale: InputSettings['scale'], rgb: readonly [number, number, number]): number[] {
  const { value: { scale: factor, offset, order } } = chooseInput({ ...SETTINGS, scale }, FACTS).rescaling
  const at = (
    numbers: number | readonly number[], channel: number
  ): number => typeof numbers === 'number' ? numbers : numbers[channel] ?? NaN
  return (order === 'bgr' ? rgb.toReversed() : rgb).map((value, channel) => value * at(factor, channel) + at(offset, channel))
}

function assertNear (found: readonly number[], expected: readonly number[]): void {
  assert.deepEqual(found.map((value) => value.toFixed(6)), expected.map((value) => value.toFixed(6)))
}

suite('SCALE', () => {
  test('caffe: BGR less the means of ImageNet', () => {
    assertNear(scaled('caffe', [10, 20, 30]), [30 - 103.939, 20 - 116.779, 10 - 123.68])
  })

  test('torch: 0..1, normalized by means and deviations', () => {
    assertNear(scaled('torch', [10, 20, 30]), [(10 / 255 - 0.485) / 0.229, (20 / 255 - 0.456) / 0.224, (30 / 255 - 0.406) / 0.225])
  })

  test('the others are the same for every channel', () => {
    assertNear(scaled('auto', [0, 127.5, 255]), [-1, 0, 1])
    assertNear(scaled('0..1', [0, 127.5, 255]), [0, 0.5, 1])
    assertNear(scaled('none', [0, 127.5, 255]), [0, 127.5, 255])
  })

  test('of RGB is refused for grey', () => {
    for (const scale of ['caffe', 'torch'] as const) {
      assert.throws(() => chooseInput({ ...SETTINGS, scale }, { ...FACTS, channels: 1 }), {
        message: `SCALE=${scale} has a number for each channel of RGB, and the model takes grey pictures`
      })
    }
  })
})

test('the input in one line says what is grey and what is BGR', () => {
  assert.match(
    describeInput(chooseInput(SETTINGS, { ...FACTS, channels: 1 })),
    /^48x48 grey pixels \(model\.keras\), fill .* kernel \(default\), pixel \* /
  )
  assert.match(
    describeInput(chooseInput({ ...SETTINGS, scale: 'caffe' }, FACTS)),
    /^48x48 pixels .*, BGR pixel \* 1\.000 \+ \[-103\.9, -116\.8, -123\.7\] \(SCALE\)$/
  )
})
