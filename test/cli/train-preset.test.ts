import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'
import { Random } from '../../src/base/random.js'
import { classifyPixels, inClassOrder } from '../support/answers.js'
import { COLOURED_SIDE, COLOURS, writeColouredPictures } from '../support/coloured-pictures.js'
import { startXception, xception } from '../support/command.js'
import { wavyPicture } from '../support/pictures.js'
import { servingApp } from '../support/app.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const EACH = 20
/** All are easy. */
const BRIGHTER = 80
const PRESET = 'vgg-separable?width=0.05&size=32'

const folder = tempFolder()
const photos = join(folder, 'photos')
const env = { KERNELS: 'tensorflow', MODEL_CACHE_DIR: join(folder, 'cache'), TENSORFLOW_THREADS: '1', PRECISION: 'float32' }
before(async () => { await writeColouredPictures(photos, EACH, BRIGHTER) })

const recipe = (epochs: number): string[] => ['--epochs', String(epochs), '--batch', '16', '--learning-rate', '0.05', '--mixup', '0.2']
const commandOf = (out: string, epochs: number): string[] => ['train', photos, '--preset', PRESET, '--out', out, ...recipe(epochs)]
/** Trains once. */
const onceOf = (out: string, epochs: number): string[] => [...commandOf(out, epochs), '--no-refit']
const text = (out: string, file: string): string => readFileSync(join(out, file), 'utf8')

suite('xception train --preset', () => {
  test('writes a package that serves, with its metrics, its plot and its recipe', async () => {
    const out = join(folder, 'colours')
    const { status, stderr } = xception(commandOf(out, 3), env)
    assert.equal(status, 0, stderr)
    assert.match(stderr, /Epoch 3 of 3: loss/)
    assert.deepEqual(readdirSync(out).sort(), ['metrics.jsonl', 'model.json', 'training.json', 'training.svg', 'weights.safetensors'])
    const metrics = text(out, 'metrics.jsonl').trimEnd().split('\n').map((line) => JSON.parse(line) as { epoch: number })
    assert.deepEqual(metrics.map(({ epoch }) => epoch), [1, 2, 3])
    assert.match(text(out, 'training.svg'), /^<svg .*<\/svg>\n$/s)
    const { recipe: { mixup }, test: { accuracy }, fittedTo } = JSON.parse(text(out, 'training.json')) as {
      recipe: { mixup: number }, test: { accuracy: number }, fittedTo: { splits: string[], pictures: number }
    }
    assert.deepEqual(fittedTo, { splits: ['train', 'validation', 'test'], pictures: EACH * COLOURS.length })
    assert.match(stderr, /trained on all 60 pictures; --no-refit keeps what was judged/)
    assert.equal(mixup, 0.2)
    assert.ok(accuracy >= 0 && accuracy <= 1)
    assert.equal(existsSync(`${out}.training`), false)
    await servingApp({ MODEL: out, ...env }, async ({ url }) => {
      const [predictions = []] = await classifyPixels(url, wavyPicture(COLOURED_SIDE, 3, new Random(1)), COLOURED_SIDE)
      assert.deepEqual(predictions.map(({ label }) => label).sort(), COLOURS)
      assert.ok(Math.abs(inClassOrder(predictions).reduce((sum, value) => sum + value, 0) - 1) < 1e-4)
    })
  })

  test('ends on SIGINT with a checkpoint, from where the same command goes on to the same weights', async (t) => {
    const [whole, stopped] = [join(folder, 'whole'), join(folder, 'stopped')]
    const epochs = 40
    assert.equal(xception(onceOf(whole, epochs), env).status, 0)
    const { child, outcome } = startXception(t, onceOf(stopped, epochs), env)
    const kept = (): string[] => existsSync(`${stopped}.training`) ? readdirSync(`${stopped}.training`) : []
    await until('a checkpoint', () => {
      assert.equal(child.exitCode, null)
      return kept().some((name) => /^checkpoint-\d+$/.test(name))
    })
    child.kill('SIGINT')
    const { status, stderr } = await outcome
    assert.equal(status, 130, stderr)
    assert.match(stderr, /the same command goes on/)
    assert.equal(existsSync(stopped), false)
    assert.equal(xception(onceOf(stopped, epochs + 1), env).status, 2, 'another training is refused')
    const resumed = xception(onceOf(stopped, epochs), env)
    assert.equal(resumed.status, 0, resumed.stderr)
    assert.equal(text(stopped, 'metrics.jsonl'), text(whole, 'metrics.jsonl'))
    assert.deepEqual(readFileSync(join(stopped, 'weights.safetensors')), readFileSync(join(whole, 'weights.safetensors')))
  })

  test('says what is wrong in one sentence', () => {
    const wrong = (...args: string[]): string => {
      const { status, stderr } = xception(['train', photos, '--out', join(folder, 'wrong'), ...args], env)
      assert.equal(status, 2)
      return stderr
    }
    assert.match(wrong(), /takes --from MODEL with --head-only, or --preset NAME/)
    assert.match(wrong('--preset', 'nothing'), /there is no preset nothing/)
    assert.match(wrong('--preset', 'xception?size=32&classes=7'), /asks for 7 classes, and the pictures have 3/)
    assert.match(wrong('--preset', PRESET, '--head-only'), /cannot be used with/)
    assert.match(wrong('--preset', PRESET, '--batch', '512'), /takes 512 pictures, and there are/)
    assert.match(wrong('--preset', PRESET, '--mixup', '2'), /a number from 0 to 1/)
  })
})
