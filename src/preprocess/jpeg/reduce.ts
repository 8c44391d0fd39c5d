import { createRequire } from 'node:module'
import { picturesAddonPath } from '../../base/installed.js'

/** What becomes of a JPEG: its size, by what libjpeg shrinks it, what that is resized to, and the part of it which is wanted. */
export interface Reduction {
  readonly width: number
  readonly height: number
  readonly shrink: 1 | 2 | 4 | 8
  readonly resizedWidth: number
  readonly resizedHeight: number
  readonly left: number
  readonly top: number
  readonly outputWidth: number
  readonly outputHeight: number
  readonly kernel: 'linear' | 'cubic' | 'lanczos3'
  /** Time after which it gives up, between two rows. */
  readonly timeoutMs: number
}

interface Addon {
  reduceJpeg (file: Uint8Array, pixels: Uint8Array, reduction: Reduction): Promise<boolean>
}

/**
 * What decodes and resizes a JPEG with libjpeg-turbo on a thread of Node's pool, into three bytes a pixel, each of which is libvips's;
 * native/pictures/jpeg.cc says what it does. An Error where it cannot be had: it says why.
 */
export const reduceJpeg: Addon['reduceJpeg'] | Error = load()

function load (): Addon['reduceJpeg'] | Error {
  try {
    const loaded: unknown = createRequire(import.meta.url)(picturesAddonPath())
    return isAddon(loaded) ? loaded.reduceJpeg : new Error('native/pictures/ is of another version: run npm run setup')
  } catch (error) {
    if (error instanceof Error && 'code' in error) return error
    throw error
  }
}

function isAddon (loaded: unknown): loaded is Addon {
  return typeof loaded === 'object' && loaded !== null && 'reduceJpeg' in loaded
}

/** What decodes plain JPEGs here, and why it is not libjpeg-turbo; sharp decodes everything else. */
export function jpegDecoder (): string {
  return reduceJpeg instanceof Error ? `sharp (${reduceJpeg.message.split('\n')[0] ?? ''})` : 'libjpeg-turbo'
}
