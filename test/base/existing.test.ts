import assert from 'node:assert/strict'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { OperatorError } from '../../src/base/errors.js'
import { UnreadableError, existing, reading, unreadable } from '../../src/base/existing.js'
import { tempFolder } from '../support/temp-folder.js'

suite('what is at a path', () => {
  const folder = tempFolder()
  const file = join(folder, 'file')
  writeFileSync(file, '1')
  const circle = join(folder, 'circle')
  symlinkSync('circle', circle)
  symlinkSync('nowhere', join(folder, 'dangling'))

  test('a file, a folder', async () => {
    assert.equal((await existing(file))?.size, 1)
    assert.equal((await existing(folder))?.isDirectory(), true)
  })

  for (const path of ['nowhere', 'nowhere/below', 'file/below', 'dangling']) {
    test(`${path}: nothing`, async () => { assert.equal(await existing(join(folder, path)), undefined) })
  }

  for (const path of ['circle', 'circle/below', 'a'.repeat(300), 'nul\0']) {
    test(`${JSON.stringify(path.slice(0, 20))}: the system does not say, which is said with the path`, async () => {
      const wanted = join(folder, path)
      await assert.rejects(existing(wanted), (error) => {
        assert.ok(error instanceof UnreadableError && error instanceof OperatorError, String(error))
        assert.ok(error.message.startsWith(`${wanted} cannot be read (`), error.message)
        return true
      })
    })
  }

  test('what a step of reading is refused has its sentence, and a defect stays as it is', async () => {
    const refused = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', syscall: 'read' })
    const sentence = `${file} cannot be read by this process (EIO): check its permissions and its disk`
    await assert.rejects(reading(file, () => Promise.reject(refused)), { name: 'UnreadableError', message: sentence, cause: refused })
    const defect = new TypeError('undefined is not a function')
    await assert.rejects(reading(file, () => Promise.reject(defect)), (error) => error === defect)
    assert.equal(unreadable(file, defect), defect)
  })
})
