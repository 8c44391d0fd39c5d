#!/usr/bin/env node
// Holds full-size InceptionV3 and MobileNet of Keras against Keras's own answers: npm run test:keras-full-size [-- FOLDER].
// The files are written into the folder, or a temporary one, by Keras; where they are there already, none is needed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { asCommand, setup } from './setup.mjs'
import { SetupError } from './setup/errors.mjs'

const at = path => fileURLToPath(new URL(`../${path}`, import.meta.url))

function run (env, ...command) {
  const { status, error } = spawnSync(command[0], command.slice(1), { stdio: 'inherit', env: { ...process.env, ...env } })
  if (error !== undefined || status !== 0) {
    throw new SetupError(`${command.join(' ')} failed${error === undefined ? '' : `: ${error.message}`}`)
  }
}

await asCommand(async () => {
  const [given] = process.argv.slice(2)
  const folder = given === undefined ? mkdtempSync(join(tmpdir(), 'keras-full-size-')) : resolve(given)
  try {
    run({}, 'sh', at('scripts/keras-fixtures/full-size.sh'), folder)
    await setup({ development: true, quiet: true })
    run({ KERAS_FULL_SIZE: folder }, process.execPath, '--test', at('dist/test/e2e/keras-full-size.test.js'))
  } finally {
    if (given === undefined) rmSync(folder, { recursive: true })
  }
})
