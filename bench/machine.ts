import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { usableCpus } from '../src/cpus.js'

/** Instructions that decide how fast matrices are multiplied. */
const NOTABLE_FLAGS = ['avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_tile', 'amx_bf16', 'amx_int8']
const BFLOAT16_FLAGS = ['avx512_bf16', 'amx_bf16']

/** What the figures of one run hold for. */
export interface Machine {
  readonly cpu: string
  readonly cpus: number
  readonly flags: readonly string[]
  readonly memoryGiB: number
  readonly platform: string
  readonly node: string
}

export function describeMachine (): Machine {
  const flags = cpuFlags()
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: usableCpus(),
    flags: NOTABLE_FLAGS.filter((flag) => flags.has(flag)),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version
  }
}

/** Whether the CPU multiplies bfloat16 numbers by itself. */
export function hasNativeBfloat16 ({ flags }: Machine): boolean {
  return BFLOAT16_FLAGS.some((flag) => flags.includes(flag))
}

/** Empty where there is no /proc/cpuinfo. */
function cpuFlags (): ReadonlySet<string> {
  try {
    return new Set(/^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '))
  } catch {
    return new Set()
  }
}
