import { createRequire } from 'node:module'

/** Calls that Node lacks; scripts/setup/native/allocator.cc says what each does. */
interface Addon {
  releaseFreeMemory (): void
  endNow (code: number): never
  endWithParent (): void
  sendDatagram (address: string, message: string): number
}

/** Loaded where it is first needed: what needs none of its calls runs without it. */
export function addon (): Addon {
  return createRequire(import.meta.url)('@tensorflow/tfjs-node/lib/napi-v8/allocator.node') as Addon
}
