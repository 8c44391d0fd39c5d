import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { SETTINGS } from '../../src/settings.js'

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

/** One string an instruction, continued lines joined. */
const instructions = read('Dockerfile').replaceAll(/^#.*\n/gm, '').replaceAll(/\\\n\s*/g, ' ').split('\n').filter((line) => line !== '')
const argumentsOf = (name: string): string[] =>
  instructions.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1))
const stages = argumentsOf('FROM').map((text) => text.split(' AS '))

suite('Dockerfile', () => {
  test('the default target is cpu, and gpu shares its base', () => {
    assert.deepEqual(stages.at(-1), ['runtime', 'cpu'])
    assert.ok(stages.some(([from, name]) => from === 'runtime' && name === 'gpu'))
  })

  test('base images are build arguments with a whole version in their tag', () => {
    const known = ['scratch', ...stages.map(([, name]) => name)]
    for (const [from] of stages.filter(([from]) => !known.includes(from))) {
      const name = /^\$\{(\w+_IMAGE)\}$/.exec(from ?? '')?.[1]
      const image = argumentsOf('ARG').find((text) => text.startsWith(`${name}=`))
      assert.match(image ?? `${from} is no argument`, /=\$\{REGISTRY\}\/node:\d+\.\d+\.\d+-/)
    }
  })

  test('exposes the default port, and sets only settings and what Node, npm and NVIDIA\'s runtime read', () => {
    assert.deepEqual(argumentsOf('EXPOSE'), [String(SETTINGS.port.default)])
    const settings = Object.values(SETTINGS).map(({ env }) => env as string)
    const others = ['NODE_ENV', 'NODE_OPTIONS', 'SSL_CERT_FILE', 'NVIDIA_VISIBLE_DEVICES', 'NVIDIA_DRIVER_CAPABILITIES']
    const names = argumentsOf('ENV').flatMap((text) => text.split(' ')).map((pair) => pair.split('=')[0] ?? '')
    assert.ok(names.includes(SETTINGS.cacheDir.env))
    assert.deepEqual(names.filter((name) => ![...settings, ...others].includes(name)), [])
  })

  test('runs as a numbered user that is not root, and Node itself is process 1', () => {
    assert.deepEqual(argumentsOf('USER').filter((user) => !/^[1-9]\d*:[1-9]\d*$/.test(user)), [])
    const entryPoints = argumentsOf('ENTRYPOINT').map((text) => JSON.parse(text) as string[])
    assert.deepEqual(entryPoints.map(([program]) => program), ['node'])
  })

  test('the version in its label is the package\'s', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string }
    assert.ok(argumentsOf('LABEL').some((text) => text.includes(`org.opencontainers.image.version="${version}"`)))
  })

  test('everything that it copies is let in, and nothing else', () => {
    const [first, ...letIn] = read('.dockerignore').split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    const copied = argumentsOf('COPY').filter((text) => !text.startsWith('--from=')).flatMap((text) => text.split(' ').slice(0, -1))
    assert.equal(first, '*')
    assert.deepEqual(new Set(letIn), new Set(copied.map((path) => `!${path.split('/')[0]}`)))
  })
})

test('NVIDIA\'s wheels are pinned by version and hash', () => {
  const lines = read('scripts/container/cuda-requirements.txt').split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  assert.ok(lines.length > 0)
  for (const line of lines) assert.match(line, /^nvidia-[a-z0-9-]+-cu12==[\d.]+ --hash=sha256:[0-9a-f]{64}$/)
})
