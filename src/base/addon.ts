import { createRequire } from 'node:module'
import { OperatorError } from './errors.js'
import { processAddonPath } from './installed.js'

/** This project's kernels for convolutions, by the instructions that set them apart: see native/convolutions/kernel_table.h. */
export type OwnKernels =
  'amx_int8' | 'amx_bf16' | 'avx512_vnni' | 'avx512_bf16' | 'avx512' | 'avx2' |
  'neon_usmmla' | 'neon_usdot' | 'neon_sdot' | 'neon_bfmmla' | 'neon_bfdot' | 'neon'

/** A row of that table. */
export interface KernelRow {
  readonly name: OwnKernels
  /** What feature maps are made of. */
  readonly maps: 'float32' | 'bfloat16'
  /** What products are of. */
  readonly weights: 'float32' | 'bfloat16' | 'int8'
}

/** Calls that Node lacks; native/process/ says what each does. */
interface Addon {
  releaseFreeMemory (): void
  endNow (code: number): never
  endWithParent (): void
  sendDatagram (address: string, message: string): number
  kernelRows (): readonly KernelRow[]
  hasBfloat16 (): boolean
  sharedMemory (bytes: number): { readonly descriptor: number, readonly memory: ArrayBuffer } | undefined
  mapMemory (descriptor: number, bytes: number): ArrayBuffer | undefined
  unmapMemory (memory: ArrayBuffer): void
  socketPair (): readonly [number, number] | number
  sendBytes (descriptor: number, bytes: Uint8Array): number
  receiveBytes (descriptor: number, bytes: Uint8Array): number
}

const CALLS = [
  'releaseFreeMemory', 'endNow', 'endWithParent', 'sendDatagram', 'kernelRows', 'hasBfloat16',
  'sharedMemory', 'mapMemory', 'unmapMemory', 'socketPair', 'sendBytes', 'receiveBytes'
] as const satisfies Array<keyof Addon>

/**
 * Loaded where it is first needed: what needs none of its calls runs without it. Throws an OperatorError where the set-up has not
 * installed it, or one of another version.
 */
export function addon (): Addon {
  const loaded = load()
  if (!isAddon(loaded)) throw new OperatorError('A native part of the service is missing, or of another version: run npm run setup')
  return loaded
}

function load (): unknown {
  try {
    return createRequire(import.meta.url)(processAddonPath())
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

function isAddon (loaded: unknown): loaded is Addon {
  return typeof loaded === 'object' && loaded !== null && CALLS.every((name) => name in loaded)
}
