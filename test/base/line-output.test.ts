import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { LineOutput } from '../../src/base/line-output.js'
import { tempFolder } from '../support/temp-folder.js'

/** A pipe of which nothing is read but by `read`, and which does not wait. */
function pipe (t: TestContext): { fd: number, read: (bytes?: number) => string, fill: () => void } {
  const folder = tempFolder(t)
  execFileSync('mkfifo', [join(folder, 'pipe')])
  const fd = openSync(join(folder, 'pipe'), constants.O_RDWR | constants.O_NONBLOCK)
  t.after(() => { closeSync(fd) })
  const attempt = (work: () => number): number => {
    try {
      return work()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      return 0
    }
  }
  return {
    fd,
    read: (bytes = 1 << 20) => {
      const buffer = Buffer.alloc(bytes)
      return buffer.toString('utf8', 0, attempt(() => readSync(fd, buffer)))
    },
    fill: () => { while (attempt(() => writeSync(fd, '#'.repeat(4096))) > 0); }
  }
}

suite('an output of lines', () => {
  test('whose reader stands still costs one try a line, and says what was lost once it reads again', (t) => {
    const { fd, read, fill } = pipe(t)
    const waits = t.mock.method(Atomics, 'wait')
    let lost = 0
    const output = new LineOutput(fd, { lostLine: (lines, reason) => `${lines} lost (${reason})\n`, onLost: () => { lost++ } })
    output.write('first\n')
    assert.equal(read(), 'first\n')
    fill()
    output.write('second\n')
    assert.equal(lost, 1)
    const patience = waits.mock.callCount()
    assert.ok(patience > 0 && patience <= 100, `a reader that is merely slow is waited for: ${patience} times`)
    for (let line = 0; line < 500; line++) output.write(`line ${line}\n`)
    assert.equal(waits.mock.callCount(), patience)
    assert.equal(lost, 501)
    read()
    output.write('last\n')
    assert.equal(read(), '501 lost (EAGAIN)\nlast\n')
    fill()
    output.write('again\n')
    assert.ok(waits.mock.callCount() < patience + 50, 'a reader that stands still now and then holds up little more')
  })

  test('ends a line that it could only begin before the next one', (t) => {
    const { fd, read, fill } = pipe(t)
    let lost = 0
    const output = new LineOutput(fd, { lostLine: () => 'lost\n', onLost: () => { lost++ } })
    fill()
    read(8192)
    const long = `${'long '.repeat(4000)}\n`
    output.write(long)
    output.write('lost\n')
    const parts = [read()]
    output.write('next\n')
    parts.push(read())
    assert.equal(parts.join('').replaceAll('#', ''), `${long}lost\nnext\n`)
    assert.equal(lost, 1)
  })

  test('does not wait for a terminal that takes nothing either', () => {
    const module = new URL('../../src/base/line-output.js', import.meta.url)
    const program = `
      const { LineOutput, nonBlocking } = await import(${JSON.stringify(module.href)})
      let lost = 0
      const output = new LineOutput(nonBlocking('stdout'), { lostLine: () => '', onLost: () => { lost++ } })
      for (let line = 0; line < 2000; line++) output.write('a line that nobody reads\\n')
      process.stderr.write(process.stdout.isTTY + ' ' + (lost > 0))`
    // The program's standard output is a terminal of which Python reads nothing.
    const onTerminal = 'import os, pty, subprocess, sys; main, side = pty.openpty(); sys.exit(subprocess.call(sys.argv[1:], stdout=side))'
    const command = ['-c', onTerminal, process.execPath, '--input-type=module', '--eval', program]
    const { status, stderr } = spawnSync('python3', command, { encoding: 'utf8', timeout: 60_000 })
    assert.deepEqual({ status, stderr }, { status: 0, stderr: 'true true' })
  })
})
