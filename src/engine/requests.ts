import type { Content, Frame } from './frames.js'
import type { EngineImages, LoadRequest, RunRequest } from './protocol.js'
import { PROBABILITIES_ONLY, type Wanted } from './wanted.js'

/* Requests as frames. They come from the service itself, so nothing of them is in doubt. */

export type Request = { readonly load: LoadRequest } | { readonly run: RunRequest }

/** The first number of a request. */
const LOAD = 0
const RUN_OF_BYTES = 1
const RUN_OF_FLOATS = 2
const ROUSE = 3

/** Asks for nothing: a run is about to come, and whom it finds awake it waits less for. */
export const rouse: Content = { numbers: [ROUSE] }

export function loadRequest (load: LoadRequest): Content {
  return { numbers: [LOAD], head: load }
}

/** The images are in the body, or in the shared memory: one after the other from `at` on. */
export function runRequest ({ images, wanted }: RunRequest, at?: number): Content {
  const [first] = images
  const kind = first instanceof Float32Array ? RUN_OF_FLOATS : RUN_OF_BYTES
  const numbers = [kind, images.length, first?.length ?? 0, at ?? -1] as const
  return { numbers, head: wantsMore(wanted) ? wanted : undefined, body: at === undefined ? images : [] }
}

/** What is asked, if anything is. `memory` is what the service shares; undefined where it shares none. */
export function decodeRequest ({ numbers, head, body }: Frame, memory: ArrayBuffer | undefined): Request | undefined {
  const [kind = LOAD, count = 0, length = 0, at = 0] = numbers
  if (kind === ROUSE) return undefined
  if (kind === LOAD) return { load: head as LoadRequest }
  const isShared = at >= 0 && memory !== undefined
  const buffer = isShared ? memory : body.buffer
  const start = isShared ? at : body.byteOffset
  const images: Array<Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>> = []
  for (let index = 0; index < count; index++) {
    images.push(kind === RUN_OF_FLOATS
      ? new Float32Array(buffer, start + index * length * Float32Array.BYTES_PER_ELEMENT, length)
      : new Uint8Array(buffer, start + index * length, length))
  }
  return { run: { images: images as EngineImages, wanted: head === undefined ? PROBABILITIES_ONLY : head as Wanted } }
}

function wantsMore ({ outputs = [], topMaps = 0 }: Wanted): boolean {
  return outputs.length > 0 || topMaps > 0
}
