#!/usr/bin/env node
// Usage: check-kernels.mjs: compiles the kernels of convolutions with sanitizers and with warnings as errors, holds them to sums in double
// precision, and has two threads at once call their team.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { asCommand } from './setup.mjs'
import { run } from './setup/child.mjs'
import { checkWarnings, compileChecks } from './setup/convolutions.mjs'
import { cacheFolder } from './setup/files.mjs'
import { findTarget } from './setup/platform.mjs'
import { tensorflowFolder } from './setup/tensorflow.mjs'

const FLAGS = {
  kernels: ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
  team: ['-O1', '-g', '-fsanitize=thread']
}

await asCommand(async () => {
  const context = { env: process.env, cache: cacheFolder(process.env), target: findTarget({ flavour: 'cpu' }) }
  const headers = [
    join(tensorflowFolder(context), 'include'),
    fileURLToPath(new URL('../node_modules/node-api-headers/include', import.meta.url))
  ]
  const folder = mkdtempSync(join(tmpdir(), 'xception-kernels-'))
  try {
    for (const program of await compileChecks(folder, context, FLAGS)) {
      const { code, output } = await run(program, [])
      process.stdout.write(output)
      process.exitCode ||= code
    }
    if (headers.every(path => existsSync(path))) await checkWarnings(folder, context, headers)
    else process.stdout.write('Skipped: the warnings of what needs TensorFlow\'s headers, which the set-up keeps in its cache.\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
