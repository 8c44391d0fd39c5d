import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import sharp from 'sharp'
import { Random } from '../../src/base/random.js'
import { pictureDecoder } from '../../src/cli/picture-decoder.js'
import { decodePictures } from '../../src/cli/quantize/pictures.js'
import { fold } from '../../src/compiler/fold/fold.js'
import { readConfig } from '../../src/config.js'
import { inputSpec } from '../../src/model/model.js'
import { asBytes } from '../../src/preprocess/index.js'
import { calibrate } from '../../src/quantize/calibration/calibrate.js'
import { likenessOf, type Likeness } from '../../src/quantize/calibration/likeness.js'
import { openModel } from '../../src/sources/open.js'
import { CAT, CAT_PATH } from '../support/cat.js'
import { writeColouredPictures } from '../support/coloured-pictures.js'
import { xception } from '../support/command.js'
import { tempFolder } from '../support/temp-folder.js'

interface Report {
  readonly ranges: string
  readonly pictures: { readonly calibration: number, readonly heldOut: number }
  readonly likeness: { readonly spread: number, readonly shift: number, readonly layers: number } | null
  readonly int8Layers: readonly string[]
  readonly keptLayers: readonly string[]
  readonly layerErrors: ReadonlyArray<{ readonly layer: string, readonly logitError: number }>
  readonly measured: ReadonlyArray<{ readonly precision: string, readonly agreement: { readonly logitError: number } | null }>
}

suite('xception quantize', () => {
  const folder = tempFolder()
  const env = { MODEL_CACHE_DIR: join(folder, 'cache') }
  const out = join(folder, 'package')
  const reportOf = (path: string): Report => JSON.parse(readFileSync(join(path, 'quantization.json'), 'utf8')) as Report
  const labelsOf = (stdout: string): string[] => stdout.trim().split('\n').map((line) => line.replace(/^.* /, ''))

  test('writes a package that is served in int8 and otherwise, with a report of what it costs', async () => {
    await writeColouredPictures(join(folder, 'pictures'), 6, 40)
    const { status, stdout, stderr } = xception(
      ['quantize', 'xception-cifar10', '--images', join(folder, 'pictures'), '--keep', '1', '--out', out], env
    )
    assert.equal(status, 0, stderr)
    assert.match(stdout, /^Ranges by 12 pictures, judged by 6 others\.$/m)
    assert.match(stderr, /^Warning: ranges are chosen by 12 pictures, and only 6 pictures judge what int8 costs/m)
    assert.match(stdout, /1 of those that could be are left in (?:float32|bfloat16)/)
    const { ranges, pictures, int8Layers, keptLayers, layerErrors, measured } = reportOf(out)
    assert.equal(ranges, 'pictures')
    assert.deepEqual(pictures, { calibration: 12, heldOut: 6, seed: 1 })
    assert.equal(keptLayers.length, 1)
    const [costliest] = [...layerErrors].sort((left, right) => right.logitError - left.logitError)
    assert.deepEqual(keptLayers, [costliest?.layer])
    assert.equal(int8Layers.length + 1, layerErrors.length)
    const int8 = measured.find(({ precision }) => precision === 'int8')?.agreement
    assert.ok(int8 !== undefined && int8 !== null && int8.logitError < 0.5, JSON.stringify(int8))
    const expected = labelsOf(xception(['classify', CAT_PATH], env).stdout)
    assert.deepEqual(labelsOf(xception(['classify', '--model', out, CAT_PATH], { ...env, PRECISION: 'float32' }).stdout), expected)
  })

  test('ranges are chosen by all pictures of the calibration, those that judged layers too', async () => {
    const config = readConfig({ ...env, MODEL: 'xception-cifar10' })
    const model = await openModel(config, () => {})
    const { calibration } = await decodePictures(join(folder, 'pictures'), 1, config, inputSpec(model.input))
    const folded = fold(model.network, await model.readWeights())
    const { side, channels } = model.network.input
    const { quantization: expected } = await calibrate(folded, calibration, { threads: 1, imageBytes: side ** 2 * channels })
    const written = await (await openModel(readConfig({ ...env, MODEL: out }), () => {})).readQuantization?.()
    const layers = reportOf(out).int8Layers
    assert.deepEqual(layers.map((layer) => written?.get(layer)), layers.map((layer) => expected.get(layer)))
  })

  test('notices pictures that look like nothing the network was trained on, and takes photos of any kind', async () => {
    const config = readConfig({ ...env, MODEL: 'xception-cifar10' })
    const model = await openModel(config, () => {})
    const weights = await model.readWeights()
    const folded = fold(model.network, weights)
    const { side, channels } = model.network.input
    const decoder = pictureDecoder(config, inputSpec(model.input))
    const likeness = async (...pictures: ReadonlyArray<Uint8Array<ArrayBuffer>>): Promise<Likeness> => {
      const { moments } = await calibrate(folded, pictures, { threads: 1, imageBytes: side ** 2 * channels })
      return likenessOf(model.network, weights, folded, moments) ?? assert.fail('nothing to compare')
    }
    const random = new Random(5)
    const noise = (): Uint8Array<ArrayBuffer> => Uint8Array.from({ length: side ** 2 * channels }, () => random.below(256))
    const black = await likeness(new Uint8Array(side ** 2 * channels))
    assert.ok(black.spread < 0.15 && black.shift > 0.42, JSON.stringify(black))
    assert.equal(black.layers, 20)
    const random4 = await likeness(noise(), noise(), noise(), noise())
    assert.ok(random4.shift > 0.42, JSON.stringify(random4))
    const cat = await likeness(asBytes(await decoder.decode(CAT)))
    assert.ok(cat.spread > 0.2, JSON.stringify(cat))
  })

  test('needs no pictures', () => {
    const path = join(folder, 'without')
    const { status, stderr } = xception(['quantize', 'xception-cifar10', '--out', path], env)
    assert.equal(status, 0, stderr)
    const { ranges, keptLayers, likeness, measured } = reportOf(path)
    assert.equal(ranges, 'batch normalization')
    assert.equal(likeness, null)
    assert.deepEqual(keptLayers, [])
    assert.ok(measured.every(({ agreement }) => agreement === null))
  })

  test('refuses in one sentence, and leaves nothing behind', async () => {
    const black = sharp({ create: { width: 40, height: 40, channels: 3, background: 'black' } })
    mkdirSync(join(folder, 'black'))
    for (let index = 0; index < 4; index++) await black.png().toFile(join(folder, 'black', `${index}.png`))

    const path = join(folder, 'refused')
    const refused = (args: readonly string[], sentence: RegExp): void => {
      const { status, stderr } = xception(['quantize', ...args, '--out', path], env)
      assert.equal(status, 2)
      assert.match(stderr, sentence)
      assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith('refused')), [])
    }
    refused(['preset:mobilenet?width=0.25&size=32'], /has no layer that is computed in int8/)
    refused(['xception-cifar10', '--keep', '2'], /--keep needs --images/)
    refused(['xception-cifar10', '--images', join(folder, 'nowhere')], /nowhere cannot be read/)
    refused(['xception-cifar10', '--images', join(folder, 'black')], /The pictures show nothing to the network \(variance 0\.1/)
    refused(['xception-cifar10', '--images', CAT_PATH], /cannot be read as a \.tar or \.tgz/)
    const again = xception(['quantize', 'xception-cifar10', '--out', join(folder, 'without')], env)
    assert.match(again.stderr, /is there already/)
    assert.ok(existsSync(join(folder, 'without')))
  })
})
