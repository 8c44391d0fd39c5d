import { frameParts, type Frame } from './frames.js'
import type { EngineImages, LoadRequest, RunRequest } from './protocol.js'
import type { Wanted } from './wanted.js'

/* Requests as frames. They come from the service itself, so nothing of them is in doubt. */

export type Request = { readonly load: LoadRequest } | { readonly run: RunRequest }

interface RunHead {
  readonly images: number
  readonly numbers: 'bytes' | 'floats'
  readonly wanted: Wanted
}

type Head = { readonly load: LoadRequest } | { readonly run: RunHead }

export function encodeRequest (request: Request): Uint8Array[] {
  if ('load' in request) return frameParts(request satisfies Head, [])
  const { images, wanted } = request.run
  const numbers = images[0] instanceof Float32Array ? 'floats' : 'bytes'
  return frameParts({ run: { images: images.length, numbers, wanted } } satisfies Head, images)
}

export function decodeRequest ({ head, body }: Frame): Request {
  const request = head as Head
  if ('load' in request) return request
  const { images, numbers, wanted } = request.run
  const all = numbers === 'floats' ? new Float32Array(body.buffer, body.byteOffset, body.length / Float32Array.BYTES_PER_ELEMENT) : body
  const length = all.length / images
  const each = Array.from({ length: images }, (_, index) => all.subarray(index * length, (index + 1) * length))
  return { run: { images: each as EngineImages, wanted } }
}
