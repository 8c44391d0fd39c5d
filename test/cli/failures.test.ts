import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CAT_PATH } from '../support/cat.js'
import { tempFolder } from '../support/temp-folder.js'

const COMMAND = fileURLToPath(new URL('../../src/cli/index.js', import.meta.url))

interface Outcome { readonly status: number | null, readonly stderr: string }

/** Runs the command; where `statFails` is given, everything that asks for a path's status is thrown that. */
function run (args: readonly string[], statFails?: string): Outcome {
  const breaking = `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'
    fs.promises.stat = async () => { throw ${statFails} }; syncBuiltinESMExports()`
  const options = statFails === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(breaking)}`]
  const { status, stderr } = spawnSync(process.execPath, [...options, COMMAND, ...args], { encoding: 'utf8' })
  return { status, stderr }
}

suite('how the command fails', () => {
  const folder = tempFolder()
  const circle = join(folder, 'circle')
  symlinkSync('circle', circle)

  test('a defect is printed with its stack, and is no wrong use', () => {
    const { status, stderr } = run(['describe', '--model', CAT_PATH], "new TypeError('a defect of ours')")
    assert.equal(status, 70, stderr)
    assert.match(stderr, /^TypeError: a defect of ours\n +at /)
  })

  for (const [code, sentence] of [
    ['EACCES', 'cannot be read by this process (EACCES): check its permissions and its disk'],
    ['EIO', 'cannot be read by this process (EIO): check its permissions and its disk']
  ] as const) {
    const refusal = `Object.assign(new Error('refused'), { code: '${code}', syscall: 'stat' })`
    const commands = [['describe', '--model', CAT_PATH], ['classify', CAT_PATH], ['classify', CAT_PATH, '--output', join(folder, 'out')]]
    for (const [command = '', ...args] of commands) {
      test(`${command} ${args.length}: ${code} is a sentence with the path, and not "there is none"`, () => {
        const { status, stderr } = run([command, ...args], refusal)
        assert.match(stderr, new RegExp(`^/\\S+ ${sentence.replace(/[()]/g, '\\$&')}\n$`))
        assert.equal(status, 2)
      })
    }
  }

  for (const args of [
    ['describe', '--model', circle], ['classify', circle], ['classify', circle, '--output', join(folder, 'results')],
    ['train', circle, '--preset', 'mobilenet', '--out', join(folder, 'package')],
    ['quantize', 'xception-cifar10', '--out', circle]
  ]) {
    test(`${args[0]}: a path that cannot be followed`, () => {
      const { status, stderr } = run(args)
      assert.match(stderr, new RegExp(`^${circle} cannot be read \\(ELOOP\\): its symbolic links lead in a circle$`, 'm'))
      assert.equal(status, 2)
    })
  }

  test('wrong use is one sentence', () => {
    const { status, stderr } = run(['describe', '--measure'])
    assert.deepEqual([status, stderr], [2, '--measure needs --compare, which names the models\n'])
  })
})
