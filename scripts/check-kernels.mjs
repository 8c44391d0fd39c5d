#!/usr/bin/env node
// Usage: check-kernels.mjs: compiles the kernels of convolutions with sanitizers and holds them to sums in double precision.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asCommand } from './setup.mjs'
import { run } from './setup/child.mjs'
import { compileCheck } from './setup/convolutions.mjs'

await asCommand(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'xception-kernels-'))
  try {
    const flags = ['-O1', '-g', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']
    const program = await compileCheck(folder, { env: process.env }, flags)
    const { code, output } = await run(program, [])
    process.stdout.write(output)
    process.exitCode = code
  } finally {
    rmSync(folder, { recursive: true })
  }
})
