#!/usr/bin/env node
// Usage: check-kernels-arm64.mjs: compiles the kernels of convolutions for Arm's CPUs with a cross compiler, warnings as errors, and holds
// those that each of some CPUs can run to sums in double precision: emulated, where an instruction too many ends the program. A line
// `CPU NAME` stands before what each says. CXX names another compiler, CXXFLAGS gives it more (sanitizers).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asCommand } from './setup.mjs'
import { run } from './setup/child.mjs'
import { compileChecks } from './setup/convolutions.mjs'
import { findTarget } from './setup/platform.mjs'

const COMPILER = 'aarch64-linux-gnu-g++'
const EMULATOR = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu']
/** All that there is, dot products alone, and neither. */
const CPUS = ['max', 'neoverse-n1', 'cortex-a72']
/** One case of so many: an emulated CPU takes a hundred times as long. No divisor of the variants of a shape, so that each comes. */
const STEP = '5'

await asCommand(async () => {
  const flags = ['-O1', ...process.env.CXXFLAGS?.split(' ') ?? []]
  const context = {
    env: { ...process.env, CXX: process.env.CXX ?? COMPILER },
    target: findTarget({ platform: 'linux', arch: 'arm64', flavour: 'cpu' })
  }
  const folder = mkdtempSync(join(tmpdir(), 'xception-kernels-'))
  const emulate = async (cpu, ...command) => {
    const [emulator = '', ...options] = EMULATOR
    const { code, output } = await run(emulator, [...options, ...command], { env: { ...process.env, QEMU_CPU: cpu } })
    process.stdout.write(output)
    process.exitCode ||= code
  }
  try {
    const [check = '', checkTeam = ''] = await compileChecks(folder, context, { kernels: flags, team: flags })
    for (const cpu of CPUS) {
      process.stdout.write(`CPU ${cpu}\n`)
      await emulate(cpu, check, STEP)
    }
    await emulate('max', checkTeam)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
