import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'
import { CAT_PATH } from '../support/cat.js'
import { xception } from '../support/command.js'
import { shared, withoutShared } from '../support/shared.js'
import { tempFolder } from '../support/temp-folder.js'

const folder = tempFolder()
before(() => {
  mkdirSync(join(folder, 'photos/below'), { recursive: true })
  copyFileSync(CAT_PATH, join(folder, 'photos/b.jpg'))
  copyFileSync(CAT_PATH, join(folder, 'photos/below/a.JPG'))
  writeFileSync(join(folder, 'photos/notes.md'), 'no image')
  writeFileSync(join(folder, 'broken.jpg'), 'no image')
})

suite('classify', () => {
  test('a photo in a table', () => {
    const { status, stdout } = xception(['classify', CAT_PATH])
    assert.equal(status, 0)
    const [first, ...others] = stdout.trimEnd().split('\n')
    assert.match(first ?? '', /cat\.jpg\s+0\.9\d{3} {2}cat$/)
    assert.equal(others.length, 4)
  })

  test('files, folders and patterns as JSON lines, each once, in order', () => {
    const photos = join(folder, 'photos')
    const { status, stdout } = xception(['classify', '--json', '--top-k', '2', photos, `${folder}/**/b.jpg`, CAT_PATH])
    assert.equal(status, 0)
    const lines = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { file: string, predictions: Array<{ label: string }> })
    assert.deepEqual(lines.map(({ file }) => file), [join(photos, 'b.jpg'), join(photos, 'below/a.JPG'), CAT_PATH])
    assert.ok(lines.every(({ predictions }) => predictions.length === 2 && predictions[0]?.label === 'cat'))
  })

  test('an image that fails is named, the others are classified, and the exit code is 1', () => {
    const { status, stdout } = xception(['classify', join(folder, 'broken.jpg'), CAT_PATH])
    assert.equal(status, 1)
    assert.match(stdout, /broken\.jpg\s+failed {2}unsupported_image_format: /)
    assert.match(stdout, /cat\.jpg\s+0\.9\d{3} {2}cat\n/)
  })

  test('all photos of a folder', { skip: withoutShared }, () => {
    const { status, stdout } = xception(['classify', shared('images/imagenet')])
    assert.equal(status, 0)
    assert.equal(stdout.trimEnd().split('\n').length, 40)
  })
})

test('describe gives every layer, the totals and the shares', () => {
  const { status, stdout } = xception(['describe', '--json'])
  assert.equal(status, 0)
  type Description = { parameters: number, layers: Array<{ parameters: number }>, shares: Array<{ parametersShare: number }> }
  const { parameters, layers, shares } = JSON.parse(stdout) as Description
  assert.equal(layers.reduce((total, layer) => total + layer.parameters, 0), parameters)
  assert.ok(Math.abs(shares.reduce((total, share) => total + share.parametersShare, 0) - 1) < 1e-9)
  assert.match(xception(['describe']).stdout, /block1_conv1 +convolution +32x32x32/)
})

test('compile prints the folder of the compiled model, once made and then from the cache', () => {
  const cache = { KERNELS: 'tensorflow', MODEL_CACHE_DIR: join(folder, 'cache') }
  const first = xception(['compile'], cache)
  assert.equal(first.status, 0)
  assert.match(first.stderr, /compiled in/)
  assert.deepEqual(xception(['compile'], cache), { ...first, stderr: 'xception-cifar10: it was compiled before\n' })
})

suite('wrong use ends with one sentence and exit code 2', () => {
  for (const [name, args, env, said] of [
    ['an unknown option', ['classify', '--bad', 'x'], {}, /unknown option '--bad'/],
    ['no file', ['classify'], {}, /missing required argument 'files'/],
    ['a file that is not there', ['classify', 'nothing.jpg'], {}, /^nothing\.jpg: there is no image file/],
    ['a count that is none', ['classify', '--top-k', '0', 'docs/cat.jpg'], {}, /whole number from 1/],
    ['an unknown model', ['describe', '--model', 'nothing'], {}, /^MODEL=nothing is /],
    ['another model to fetch', ['fetch', 'resnet'], {}, /Allowed choices are imagenet/],
    [
      'a download that fails',
      ['fetch', 'imagenet'],
      { IMAGENET_URL: 'http://127.0.0.1:9/weights.h5', MODEL_CACHE_DIR: '/tmp/xception-none' },
      /^http:\/\/127\.0\.0\.1:9\/weights\.h5 cannot be downloaded: .* put it at \/tmp\/xception-none\/imagenet\/weights\.h5/
    ],
    ['no address', ['fetch', 'imagenet'], { IMAGENET_URL: 'weights.h5' }, /^IMAGENET_URL=weights\.h5 is not an address/],
    ['no hash', ['fetch', 'imagenet'], { IMAGENET_SHA256: 'c5bf' }, /^IMAGENET_SHA256=c5bf is not a SHA-256/],
    ['a wrong setting', ['compile'], { PORT: 'http' }, /^PORT=http is not allowed/]
  ] as const) {
    test(name, () => {
      const { status, stderr } = xception(args, env)
      assert.equal(status, 2)
      assert.match(stderr, said)
      assert.doesNotMatch(stderr, /\n {4}at /)
    })
  }
})

test('each command has help with examples', () => {
  for (const command of ['serve', 'classify', 'embed', 'describe', 'compile', 'fetch']) {
    const { status, stdout } = xception([command, '--help'])
    assert.equal(status, 0)
    assert.match(stdout, new RegExp(`Examples:\n {2}\\$ xception ${command}`))
  }
})
