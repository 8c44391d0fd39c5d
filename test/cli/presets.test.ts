import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

interface Outcome { readonly status: number | null, readonly stdout: string, readonly stderr: string }

function xception (...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'bin/xception.cjs'), ...args], { cwd: ROOT, encoding: 'utf8' })
  return { status, stdout, stderr }
}

/** What a command prints that succeeds and has nothing else to say. */
const printed = (...args: string[]): string => printedBeside('', ...args)

/** What a command prints that succeeds and has to say something beside. */
function printedBeside (notice: string, ...args: string[]): string {
  const { status, stdout, stderr } = xception(...args)
  assert.deepEqual({ status, stderr }, { status: 0, stderr: notice })
  return stdout
}

function described (preset: string): string {
  const model = `preset:${preset}`
  return printedBeside(`MODEL=${model} has random weights, so its predictions mean nothing\n`, 'describe', '--model', model)
}

interface Compared {
  readonly model: string
  readonly parameters: number
  readonly imagesPerSecond?: Record<string, number>
  readonly separableLayers: ReadonlyArray<{ readonly predicted: number, readonly counted: number }>
}

suite('presets', () => {
  test('are listed with what they are and cost', () => {
    assert.match(printed('presets'), /^xception +22,910,480 +8,357,403,496 +299 {2}\S/m)
    const listed = JSON.parse(printed('presets', '--json')) as Array<{ name: string, parameters: number, multiplyAdds: number }>
    assert.equal(listed.find(({ name }) => name === 'mobilenet')?.parameters, 4_253_864)
    assert.ok(listed.every(({ multiplyAdds }) => multiplyAdds > 1e8))
  })

  test('are described by their input, layers and cost', () => {
    const [first, input, ...others] = described('inception-v3?classes=10').split('\n')
    const summary = /^preset:inception-v3\?classes=10, version random-1: 10 classes, 21,823,274 parameters, [\d,]+ multiply-adds an image$/
    assert.match(first ?? '', summary)
    assert.match(input ?? '', /^input: 299x299 pixels \(the preset\)/)
    assert.ok(others.some((line) => /^mixed4 .* 17x17x768 +1,298,944 +374,063,104$/.test(line)))
  })

  test('that are costly are counted at full size', () => {
    assert.match(described('inception-segments-1'), /221,483,432 parameters/)
  })
})

suite('describe --compare', () => {
  test('sets presets and other models side by side, with the separable layers predicted and counted', () => {
    const models = 'inception-v3,preset:xception,xception-cifar10,vgg-separable?width=0.5'
    const compared = JSON.parse(printed('describe', '--json', '--compare', models)) as Compared[]
    assert.deepEqual(compared.map(({ model }) => model), ['inception-v3', 'xception', 'xception-cifar10', 'vgg-separable?width=0.5'])
    assert.equal(compared[1]?.parameters, 22_910_480)
    assert.equal(compared[1].separableLayers.length, 34)
    const layers = compared.flatMap(({ separableLayers }) => separableLayers)
    assert.ok(layers.every(({ predicted, counted }) => Math.abs(predicted - counted) < 1e-12))
    assert.equal(compared[0]?.imagesPerSecond, undefined)
    assert.match(printed('describe', '--compare', 'mobilenet,xception'), /^xception +block6_sepconv2 +3x3 +728 +0\.112485 +0\.112485$/m)
  })

  test('--measure says images a second at both batch sizes, and nothing on standard error', () => {
    const models = 'xception?width=0.05&size=71&classes=10,xception-plain?width=0.05&size=71&classes=10'
    const compared = JSON.parse(printed('describe', '--json', '--measure', '--compare', models)) as Compared[]
    assert.equal(compared.length, 2)
    for (const { imagesPerSecond = {} } of compared) {
      assert.deepEqual(Object.keys(imagesPerSecond), ['1', '8'])
      assert.ok(Object.values(imagesPerSecond).every((speed) => speed > 0 && Number.isFinite(speed)))
    }
  })

  for (const [name, args, said] of [
    ['an unknown model', ['--compare', 'xception,resnet'], /^MODEL=resnet is neither/],
    ['a wrong option', ['--compare', 'xception?width=x'], /^MODEL=preset:xception\?width=x cannot be used: width=x is not allowed: /],
    ['an empty name', ['--compare', 'xception,'], /names of models with commas/],
    ['--model beside it', ['--compare', 'xception', '--model', 'imagenet'], /cannot be used with option/],
    ['--measure alone', ['--measure'], /^--measure needs --compare/]
  ] as const) {
    test(`refused in one sentence: ${name}`, () => {
      const { status, stdout, stderr } = xception('describe', ...args)
      assert.equal(status, 2)
      assert.equal(stdout, '')
      assert.match(stderr, said)
      assert.equal(stderr.trimEnd().split('\n').length, 1)
    })
  }
})
