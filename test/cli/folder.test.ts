import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, suite, test } from 'node:test'
import { lock } from 'proper-lockfile'
import { CAT_PATH } from '../support/cat.js'
import { startXception, xception } from '../support/command.js'
import { thisSuite } from '../support/ending.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

interface Line {
  readonly file: string
  readonly predictions?: ReadonlyArray<{ readonly label: string }>
  readonly error?: { readonly code: string }
}

/** More than are classified while a test looks at the first. */
const MANY = 800
/** Pictures that were left when it was stopped. */
const FEW = 20

const file = thisSuite()
let folder: string
let photos: string
let output: string
beforeEach(() => {
  folder = tempFolder(file)
  photos = join(folder, 'photos')
  output = join(folder, 'results.jsonl')
  mkdirSync(join(photos, 'below'), { recursive: true })
  for (const name of ['b.jpg', 'a.JPEG', 'below/c.jpg', 'below/d.jfif']) copyFileSync(CAT_PATH, join(photos, name))
})

function linesOf (path: string): Line[] {
  const text = readFileSync(path, 'utf8')
  assert.ok(text === '' || text.endsWith('\n'), 'every line is whole')
  return text.trimEnd().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Line)
}

const filesOf = (path: string): string[] => linesOf(path).map(({ file }) => file).sort()

/** Links to one photo, which the command reads like files. */
function linkMany (): void {
  for (let index = 0; index < MANY; index++) symlinkSync(CAT_PATH, join(photos, `link-${index}.jpg`))
}

/** Takes away all but a few of the links that the output does not name, which take as long as they are many. Gives the pictures left. */
function leaveFew (): number {
  const written = readFileSync(output, 'utf8')
  const links = Array.from({ length: MANY }, (_, index) => `link-${index}.jpg`)
  const missing = links.filter((name) => !written.includes(`"${name}"`)).slice(FEW)
  for (const name of missing) rmSync(join(photos, name))
  return MANY + 4 - missing.length
}

async function untilResults (): Promise<void> {
  await until('the first results', () => existsSync(output) && readFileSync(output, 'utf8') !== '')
}

/** What classifying the four pictures has written, computed once. */
let finished: string | undefined
function writeFinished (): string {
  if (finished === undefined) {
    assert.equal(xception(['classify', photos, '--output', output]).status, 0)
    finished = readFileSync(output, 'utf8')
  } else {
    writeFileSync(output, finished)
  }
  return finished
}

suite('what a folder gives', () => {
  test('a line for each picture, with its path in the folder and the model', () => {
    const { status, stdout, stderr } = xception(['classify', photos, '--output', output, '--top-k', '2'])
    assert.deepEqual([status, stdout], [0, ''])
    assert.match(stderr, /^4 pictures in [\d.]+ s, [\d.]+ a second; 0 failed\.$/m)
    assert.deepEqual(filesOf(output), ['a.JPEG', 'b.jpg', 'below/c.jpg', 'below/d.jfif'])
    for (const line of linesOf(output)) {
      assert.deepEqual(Object.keys(line), ['file', 'model', 'predictions'])
      assert.deepEqual([line.predictions?.length, line.predictions?.[0]?.label], [2, 'cat'])
    }
  })

  test('what cannot be read or decoded has its error, and the exit code is 1, the next time too', () => {
    writeFileSync(join(photos, 'broken.png'), 'no image')
    symlinkSync('/nowhere', join(photos, 'lost.jpg'))
    const args = ['classify', photos, '--output', output]
    assert.equal(xception(args).status, 1)
    const errors = linesOf(output).filter(({ error }) => error !== undefined).map(({ file, error }) => [file, error?.code])
    assert.deepEqual(errors.sort(), [['broken.png', 'unsupported_image_format'], ['lost.jpg', 'no_image']])
    assert.equal(xception(args).status, 1)
    assert.equal(linesOf(output).length, 6)
  })

  test('links are followed once, hidden names and other files left out', () => {
    symlinkSync(photos, join(photos, 'below/loop'))
    symlinkSync('below', join(photos, 'linked'))
    mkdirSync(join(photos, 'no-picture.jpg'))
    for (const name of ['.hidden.jpg', 'notes.md', 'results.jsonl']) writeFileSync(join(photos, name), '')
    assert.equal(xception(['classify', photos, '--output', output]).status, 0)
    assert.deepEqual(filesOf(output), ['a.JPEG', 'b.jpg', 'below/c.jpg', 'below/d.jfif', 'linked/c.jpg', 'linked/d.jfif'])
  })
})

suite('a run that goes on', () => {
  test('does what is missing, a line that was cut off included, and nothing twice', () => {
    const args = ['classify', photos, '--output', output]
    const before = writeFinished()
    truncateSync(output, before.length - 10)
    copyFileSync(CAT_PATH, join(photos, 'new.jpg'))
    const { status, stderr } = xception(args)
    assert.equal(status, 0)
    assert.match(stderr, /has 3 pictures already; what is left: 2\./)
    assert.deepEqual(filesOf(output), ['a.JPEG', 'b.jpg', 'below/c.jpg', 'below/d.jfif', 'new.jpg'])
    const third = before.split('\n').slice(0, 3).join('\n')
    assert.ok(readFileSync(output, 'utf8').startsWith(third), 'what was there stays')
  })

  for (const [name, args, env, said] of [
    ['another number of predictions', ['--top-k', '3'], {}, /has 1 predictions a picture, and --top-k asks for 3/],
    ['another model', [], { MODEL_NAME: 'other' }, /is by xception-cifar10, version 1, and the model is other, version 1/],
    ['another shard', ['--shard', '0/1000'], {}, /which is not in shard 0\/1000/]
  ] as const) {
    test(`refuses an output of ${name}, and leaves it as it is`, () => {
      const before = writeFinished()
      const { status, stderr } = xception(['classify', photos, '--output', output, ...args], env)
      assert.deepEqual([status, readFileSync(output, 'utf8')], [2, before])
      assert.match(stderr, said)
    })
  }

  test('refuses a file that is no output, and leaves it as it is', () => {
    for (const content of ['no results\n', 'no end of line', '{"file":"a.jpg"}\n']) {
      writeFileSync(output, content)
      assert.equal(xception(['classify', photos, '--output', output]).status, 2)
      assert.equal(readFileSync(output, 'utf8'), content)
    }
  })

  test('refuses an output that another process has', async (t) => {
    appendFileSync(output, '')
    const release = await lock(output)
    const { status, stderr } = await startXception(t, ['classify', photos, '--output', output]).outcome
    assert.equal(status, 2)
    assert.match(stderr, /results\.jsonl is being written by another process\./)
    await release()
  })
})

suite('shards', () => {
  test('have each picture once, whatever else is there', () => {
    for (let index = 0; index < 12; index++) copyFileSync(CAT_PATH, join(photos, `${index}.jpg`))
    const shards = [0, 1, 2].map((index) => {
      const path = join(folder, `results-${index}.jsonl`)
      assert.equal(xception(['classify', photos, '--output', path, '--shard', `${index}/3`]).status, 0)
      return filesOf(path)
    })
    assert.equal(new Set(shards.flat()).size, 16)
    assert.equal(shards.flat().length, 16)
    copyFileSync(CAT_PATH, join(photos, '0-new.jpg'))
    const path = join(folder, 'again-1.jsonl')
    assert.equal(xception(['classify', photos, '--output', path, '--shard', '1/3']).status, 0)
    assert.deepEqual(filesOf(path).filter((file) => file !== '0-new.jpg'), shards[1])
  })
})

suite('an end before the end', () => {
  for (const [signal, receiver, code] of [
    ['SIGINT', 'process', 130], ['SIGTERM', 'process', 143],
    // As a terminal's Ctrl-C goes to TensorFlow's processes too.
    ['SIGINT', 'group', 130]
  ] as const) {
    test(`${signal} to its ${receiver} leaves whole lines, says what is left, and the next run does that`, async (t) => {
      linkMany()
      const { child, outcome } = startXception(t, ['classify', photos, '--output', output], {}, { detached: true })
      await untilResults()
      assert.ok(child.pid !== undefined)
      process.kill(receiver === 'group' ? -child.pid : child.pid, signal)
      const { status, stderr } = await outcome
      assert.equal(status, code)
      const done = linesOf(output).length
      assert.ok(done > 0 && done < MANY)
      assert.match(stderr, new RegExp(`Stopped by ${signal}: ${MANY + 4 - done} pictures left\\.`))
      const pictures = leaveFew()
      assert.equal(xception(['classify', photos, '--output', output]).status, 0)
      assert.equal(new Set(filesOf(output)).size, pictures)
      assert.equal(linesOf(output).length, pictures)
    })
  }

  test('a process that is killed loses nothing that it wrote, and its lock is waited for', async (t) => {
    linkMany()
    const { child, outcome } = startXception(t, ['classify', photos, '--output', output])
    await untilResults()
    child.kill('SIGKILL')
    await outcome
    const pictures = leaveFew()
    const { status, stderr } = xception(['classify', photos, '--output', output])
    assert.equal(status, 0)
    assert.match(stderr, /is locked: waiting/)
    assert.equal(linesOf(output).length, pictures)
    assert.equal(new Set(filesOf(output)).size, pictures)
  })

  test('a full disk ends it in one sentence, with whole lines', { skip: withoutMount() }, () => {
    linkMany()
    const disk = join(folder, 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', disk])
    try {
      const path = join(disk, 'results.jsonl')
      const { status, stderr } = xception(['classify', photos, '--output', path])
      assert.equal(status, 74)
      assert.match(stderr, /results\.jsonl cannot be written: ENOSPC: no space left on device, .*What it holds is whole/)
      assert.doesNotMatch(stderr, /\n {4}at /)
      assert.ok(linesOf(path).length > 0)
    } finally {
      execFileSync('umount', [disk])
    }
  })
})

function withoutMount (): string | false {
  return process.platform === 'linux' && process.getuid?.() === 0 ? false : 'only root mounts a small disk'
}

suite('wrong use', () => {
  for (const [name, args, said] of [
    ['two folders', ['classify', 'docs', 'test', '--output', 'x.jsonl'], /^--output takes the pictures of one folder$/m],
    ['a file', ['classify', 'docs/cat.jpg', '--output', 'x.jsonl'], /^docs\/cat\.jpg is not a folder\.$/m],
    ['a shard that is none', ['classify', 'docs', '--output', 'x.jsonl', '--shard', '4/4'], /It takes I\/N, I from 0 to N - 1\./],
    ['a shard without an output', ['classify', 'docs', '--shard', '0/4'], /^--shard needs --output/m],
    ['an output that is none', ['classify', 'docs', '--output', '/dev/null'], /^\/dev\/null is not a file/m],
    ['an output in no folder', ['classify', 'docs', '--output', '/nowhere/x'], /^\/nowhere\/x cannot be opened for writing: ENOENT/m]
  ] as const) {
    test(name, () => {
      const { status, stderr } = xception(args)
      assert.equal(status, 2)
      assert.match(stderr, said)
    })
  }
})
