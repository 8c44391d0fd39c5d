import { closeSync } from 'node:fs'
import { addon } from '../base/addon.js'
import { bytesOf } from './frames.js'
import type { EngineImages } from './protocol.js'

/** Two runs are under way at the same time: one is computed, and the next one waits. */
const SLOTS = 2
const SLOT_BYTES = 2 ** 24
export const SHARED_BYTES = SLOTS * SLOT_BYTES
/** Tells the engine's process that it inherits such memory. */
export const SHARES = 'shares'

/**
 * Memory in which the images of a run lie for the engine's process, which only reads it. It takes what the largest run took; there is
 * none for a run that is larger than a slot, nor where others have all slots: such a run goes through the pipe.
 */
export class SharedImages {
  private readonly bytes: Uint8Array<ArrayBuffer>
  private readonly free = Array.from({ length: SLOTS }, (_, slot) => slot * SLOT_BYTES).reverse()

  private constructor (
    /** What the engine's process inherits. */
    readonly descriptor: number,
    private readonly memory: ArrayBuffer
  ) {
    this.bytes = new Uint8Array(memory)
  }

  /** Undefined where the system has no such memory. */
  static open (): SharedImages | undefined {
    const shared = addon().sharedMemory(SHARED_BYTES)
    return shared === undefined ? undefined : new SharedImages(shared.descriptor, shared.memory)
  }

  /** Where the images of a run lie from now on, one after the other, until that is released; undefined where there is no room. */
  put (images: EngineImages): number | undefined {
    const length = images.reduce((sum: number, { byteLength }) => sum + byteLength, 0)
    const slot = length > SLOT_BYTES ? undefined : this.free.pop()
    if (slot === undefined) return undefined
    let at = slot
    for (const image of images) {
      this.bytes.set(bytesOf(image), at)
      at += image.byteLength
    }
    return slot
  }

  release (slot: number): void {
    this.free.push(slot)
  }

  /** The engine's process is started, or never will be. */
  closeDescriptor (): void {
    closeSync(this.descriptor)
  }

  /** Gives the memory back. Nothing can be put into it any more. */
  close (): void {
    this.free.length = 0
    addon().unmapMemory(this.memory)
  }
}
