import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'
import { create } from 'tar'
import { packagePath } from '../../src/base/package-root.js'
import { readConfig } from '../../src/config.js'
import { encodeSafetensors } from '../../src/sources/files/safetensors-writer.js'
import { readSafetensors } from '../../src/sources/files/safetensors.js'
import { openPackage } from '../../src/sources/package.js'
import { logitsOf, softmax, type Linear } from '../../src/train/head/logistic.js'
import { matrixOf, rowOf } from '../../src/train/head/matrix.js'
import { HeadProblem, dividedBy } from '../../src/train/head/problem.js'
import type { Report } from '../../src/train/report/index.js'
import { fixture } from '../sources/keras/fixtures.js'
import { inClassOrder, type Prediction } from '../support/answers.js'
import { COLOURS, writeColouredPictures } from '../support/coloured-pictures.js'
import { startXception, xception } from '../support/command.js'
import { servingApp } from '../support/app.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const EACH = 12
/** Not all are easy. */
const BRIGHTER = 40
/** More than the engine does while a test looks. */
const MANY = 702
/** Features of some pictures. */
const ENOUGH_BYTES = 50_000

interface FitOfReport { readonly strength: number, readonly temperature: number, readonly relativeGradient: number }

const folder = tempFolder()
const photos = join(folder, 'photos')
const env = { KERNELS: 'tensorflow', MODEL_CACHE_DIR: join(folder, 'cache') }
before(async () => { await writeColouredPictures(photos, EACH, BRIGHTER) })

function train (dataset: string, out: string, ...more: readonly string[]): ReturnType<typeof xception> {
  return xception(['train', dataset, '--from', 'xception-cifar10', '--head-only', '--out', out, ...more], env)
}

const reportOf = (out: string): Report => JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Report

async function headOf (out: string): Promise<number[]> {
  const weights = await readSafetensors(join(out, 'weights.safetensors'))
  return ['head/kernel', 'head/bias'].flatMap((name) => [...weights.get(name)?.data ?? assert.fail(name)])
}

/** What the pictures are to the bundled network, and their classes. */
function embedded (): { files: string[], features: number[][], labels: number[] } {
  const output = join(folder, 'features.jsonl')
  assert.equal(xception(['embed', photos, '--output', output], env).status, 0)
  const lines = readFileSync(output, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as { file: string, embedding: number[] })
  const files = lines.map(({ file }) => file)
  const features = lines.map(({ embedding }) => embedding)
  return { files, features, labels: files.map((file) => COLOURS.findIndex((name) => file.includes(`/${name}/`))) }
}

function probabilitiesOf (head: Linear, features: readonly number[][]): number[][] {
  const logits = logitsOf(matrixOf(features), head)
  return features.map((_, row) => {
    softmax(rowOf(logits, row), 0)
    return [...rowOf(logits, row)]
  })
}

suite('xception train --head-only', () => {
  test('writes a package that serves at once what was fitted', async () => {
    const out = join(folder, 'colours')
    const { status, stderr } = train(photos, out, '--split', '0,0')
    assert.equal(status, 0, stderr)
    assert.match(stderr, /^Features: 36 pictures in [\d.]+ s/m)
    assert.match(stderr, /^Head: 36 fits in [\d.]+ s/m)
    assert.match(stderr, /^Accuracy [\d.]+ % \(balanced [\d.]+ %\) of 36 pictures \(cross-validation\)/m)
    assert.deepEqual(readdirSync(out).sort(), ['model.json', 'report.html', 'report.json', 'weights.safetensors'])

    const report = reportOf(out)
    assert.ok(report.evaluation.accuracy > 0.5)
    const fit = report.fit as unknown as FitOfReport
    assert.ok(fit.relativeGradient <= 1e-7)
    const { files, features, labels } = embedded()
    const problem = new HeadProblem({ features: matrixOf(features), labels, weights: new Float64Array(labels.length).fill(1), classes: 3 })
    const expected = probabilitiesOf(dividedBy(problem.linear(problem.fit(fit.strength, 1e-9).parameters), fit.temperature), features)
    await servingApp({ MODEL: out, ...env }, async ({ url }) => {
      const body = new FormData()
      for (const file of files.slice(0, 20)) body.append('image', new Blob([new Uint8Array(readFileSync(file))]))
      const response = await fetch(`${url}/classify?topK=3`, { method: 'POST', body })
      const { results } = await response.json() as { results: ReadonlyArray<{ predictions: Prediction[] }> }
      results.forEach(({ predictions }, index) => {
        assert.deepEqual(predictions.map(({ label }) => label).sort(), COLOURS)
        inClassOrder(predictions).forEach((probability, label) => {
          assert.ok(Math.abs(probability - (expected[index]?.[label] ?? NaN)) < 1e-5, `${probability} is not ${expected[index]?.[label]}`)
        })
      })
    })
  })

  test('gives the same head whatever the files are called, from an archive too, and takes the features from before', async () => {
    const renamed = join(folder, 'renamed')
    for (const name of COLOURS) {
      mkdirSync(join(renamed, name), { recursive: true })
      for (let index = 0; index < EACH; index++) cpSync(join(photos, name, `${index}.png`), join(renamed, name, `${EACH - index}x.png`))
    }
    const archive = join(folder, 'renamed.tgz')
    await create({ file: archive, cwd: folder, gzip: true }, ['renamed'])
    const [one, other] = [join(folder, 'one'), join(folder, 'other')]
    const first = train(photos, one)
    assert.equal(first.status, 0, first.stderr)
    assert.match(first.stderr, /^What is served was then fitted to all 36 pictures/m)
    assert.deepEqual(reportOf(one).fittedTo, { splits: ['train', 'validation', 'test'], pictures: 36 })
    const second = train(archive, other)
    assert.equal(second.status, 0, second.stderr)
    assert.doesNotMatch(second.stderr, /^Features/m)
    const [left, right] = [await headOf(one), await headOf(other)]
    left.forEach((value, index) => { assert.ok(Math.abs(value - (right[index] ?? NaN)) < 1e-6) })
    assert.equal(reportOf(one).evaluatedOn, 'test')
    assert.deepEqual(reportOf(one).dataset.pictures, { train: 30, validation: 3, test: 3 })
    assert.deepEqual(reportOf(one).evaluation, reportOf(other).evaluation)
    const judged = join(folder, 'judged')
    assert.doesNotMatch(train(photos, judged, '--no-refit').stderr, /fitted to all/)
    assert.deepEqual(reportOf(judged).fittedTo, { splits: ['train'], pictures: 30 })
    assert.deepEqual(reportOf(judged).evaluation, reportOf(one).evaluation)
    assert.notDeepEqual(await headOf(judged), left)
  })

  test('lists what cannot be read and what is in several splits, and goes on', async () => {
    const split = join(folder, 'split')
    for (const part of ['train', 'test']) cpSync(photos, join(split, part), { recursive: true })
    for (const name of COLOURS) {
      for (let index = 1; index < EACH; index++) rmSync(join(split, 'test', name, `${index}.png`))
    }
    writeFileSync(join(split, 'train/red/broken.jpg'), 'no picture')
    const { status, stderr } = train(split, join(folder, 'listed'), '--augment', '1', '--class-weights', 'balanced')
    assert.equal(status, 0, stderr)
    assert.match(stderr, /^train\/red\/broken\.jpg is left out: unsupported_image_format: /m)
    assert.match(stderr, /^The same picture in several splits: test\/blue\/0\.png \(test\), train\/blue\/0\.png \(train\)$/m)
    const { dataset, fit, evaluation } = reportOf(join(folder, 'listed'))
    assert.deepEqual(dataset.duplicates.map(({ betweenSplits }) => betweenSplits), [true, true, true])
    assert.deepEqual([fit.augment, fit.classWeights, evaluation.pictures], [1, 'balanced', 3])
  })

  test('that is interrupted leaves nothing half-written, and goes on with the features that it has', async (t) => {
    const many = join(folder, 'many')
    await writeColouredPictures(many, MANY / COLOURS.length, BRIGHTER)
    const cache = join(folder, 'interrupted-cache')
    cpSync(join(env.MODEL_CACHE_DIR ?? '', 'compiled'), join(cache, 'compiled'), { recursive: true })
    const args = ['train', many, '--from', 'xception-cifar10', '--head-only', '--out', join(folder, 'interrupted'), '--folds', '2']
    const { child, outcome } = startXception(t, args, { KERNELS: 'tensorflow', MODEL_CACHE_DIR: cache })
    await until('some features', () => bytesBelow(join(cache, 'features')) >= ENOUGH_BYTES || child.exitCode !== null)
    child.kill('SIGINT')
    assert.equal((await outcome).status, 130)
    assert.deepEqual(readdirSync(folder).filter((name) => name.startsWith('interrupted')), ['interrupted-cache'])
    const again = xception(args, { KERNELS: 'tensorflow', MODEL_CACHE_DIR: cache })
    assert.equal(again.status, 0, again.stderr)
    const computed = /^Features: (\d+) picture/m.exec(again.stderr)?.[1] ?? '0'
    assert.ok(Number(computed) < MANY, again.stderr)
  })

  test('takes a network that was saved without its top', async () => {
    const bundled = await readSafetensors(packagePath('models/xception-cifar10/weights.safetensors'))
    const top = [...bundled.keys()].filter((name) => /^predictions\//.test(name))
    assert.equal(top.length, 2)
    const file = join(folder, 'notop.safetensors')
    writeFileSync(file, encodeSafetensors(new Map([...bundled].filter(([name]) => !top.includes(name)))))
    const out = join(folder, 'from-notop')
    const outcome = xception(['train', photos, '--from', file, '--head-only', '--out', out], { ...env, INPUT_SIZE: '71' })
    assert.equal(outcome.status, 0, outcome.stderr)
    assert.equal((await openPackage(out, readConfig({}))).network.layers.at(-1)?.outputShape[0], COLOURS.length)
  })

  test('ends wrong use with one sentence', () => {
    const taken = train(photos, folder)
    assert.deepEqual([taken.status, /is there already/.test(taken.stderr)], [2, true])
    const flattening = fixture('keras3-sequential-flatten.h5')
    const unpooled = xception(['train', photos, '--from', flattening, '--head-only', '--out', join(folder, 'x')], env)
    assert.equal(unpooled.status, 2)
    assert.match(unpooled.stderr, /^not_embeddable: The network has no pooled features: /m)
    assert.equal(train(photos, join(folder, 'x'), '--split', '60,60').status, 2)
    const stated = train(join(folder, 'split'), join(folder, 'x'), '--split', '10,10')
    assert.equal(stated.status, 2)
    assert.match(stated.stderr, /--split is for pictures that are not split, and .* has folders of splits/)
    assert.equal(existsSync(join(folder, 'x')), false)
  })
})

function bytesBelow (path: string): number {
  if (!existsSync(path)) return 0
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    const found = statSync(join(path, name))
    return sum + (found.isFile() ? found.size : 0)
  }, 0)
}
