import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { usableCpus } from '../../src/base/cpus.js'
import type { Precision } from '../../src/compiler/index.js'
import { choosePrecision } from '../../src/engine/precision.js'

/** Instructions that decide how fast matrices are multiplied. */
const NOTABLE_FLAGS = ['avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_tile', 'amx_bf16', 'amx_int8', 'asimddp', 'bf16', 'i8mm']

/** What the figures of one run hold for. */
export interface Machine {
  readonly cpu: string
  readonly cpus: number
  readonly flags: readonly string[]
  /** Whether the CPU computes in bfloat16 by itself; emulated, it is slower than float32 and not worth a row. */
  readonly nativeBfloat16: boolean
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
    nativeBfloat16: choosePrecision('auto', 'cpu') === 'bfloat16',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version
  }
}

/** Those that are worth a row. */
export function precisionsOf ({ nativeBfloat16 }: Machine): readonly Precision[] {
  return nativeBfloat16 ? ['float32', 'bfloat16'] : ['float32']
}

/** Empty where there is no /proc/cpuinfo. */
function cpuFlags (): ReadonlySet<string> {
  try {
    return new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '))
  } catch {
    return new Set()
  }
}
