import { readFileSync } from 'node:fs'
import type { Backend } from './backend.js'
import type { Precision } from './graph/index.js'

/** Flags of /proc/cpuinfo that mean arithmetic in bfloat16: AVX-512 and AMX on x86, the extension of ARMv8.6. */
const NATIVE_BFLOAT16 = /\b(?:avx512_bf16|amx_bf16|bf16)\b/

/**
 * The precision that a setting means on this machine. `auto` is bfloat16 only where the CPU computes in it natively;
 * elsewhere it would be emulated, slower than float32. What a GPU can do is not known before TensorFlow runs, so there
 * `auto` is float32.
 */
export function choosePrecision (setting: Precision | 'auto', backend: Backend): Precision {
  if (setting !== 'auto') return setting
  return backend === 'cpu' && hasNativeBfloat16(cpuFlags()) ? 'bfloat16' : 'float32'
}

/** True if these flags of a CPU, as /proc/cpuinfo lists them, include arithmetic in bfloat16. */
export function hasNativeBfloat16 (flags: string): boolean {
  return NATIVE_BFLOAT16.test(flags)
}

function cpuFlags (): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return ''
  }
}
