import { execFileSync } from 'node:child_process'
import { addon } from '../base/addon.js'
import type { Backend } from './backend.js'
import type { Precision } from '../compiler/index.js'

/** NVIDIA's Ampere is the first generation that computes in bfloat16 (CUDA C++ Programming Guide, compute capabilities). */
const AMPERE_CAPABILITY = 8
const NVIDIA_SMI_TIMEOUT_MS = 10_000

/**
 * The precision that a setting means on this machine. `auto` is bfloat16 only where the CPU, or every GPU, computes in it
 * natively; elsewhere it would be emulated, slower than float32.
 */
export function choosePrecision (setting: Precision | 'auto', backend: Backend): Precision {
  if (setting !== 'auto') return setting
  const isNative = backend === 'cpu' ? addon().hasBfloat16() : gpusHaveNativeBfloat16()
  return isNative ? 'bfloat16' : 'float32'
}

/** Asks the driver, whose tool comes with it into containers. False where there is none. */
function gpusHaveNativeBfloat16 (): boolean {
  try {
    const output = execFileSync('nvidia-smi', ['--query-gpu=compute_cap', '--format=csv,noheader'], {
      encoding: 'utf8', timeout: NVIDIA_SMI_TIMEOUT_MS, stdio: ['ignore', 'pipe', 'ignore']
    })
    return output.trim().split('\n').every((capability) => Number(capability) >= AMPERE_CAPABILITY)
  } catch {
    return false
  }
}
