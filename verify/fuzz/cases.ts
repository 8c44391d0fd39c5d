import { formBody, imageBody, jsonBody } from './bodies.js'
import { post, request, type Case, type HeaderLines } from './case.js'
import type { Sample } from './corpus.js'
import { Draw } from './draw.js'
import { brokenOff, inBrokenChunks, inChunks, withWrongLength } from './framing.js'
import { clientHeaders, oddHeaders } from './headers.js'
import { mutate } from './mutate.js'
import { oddTarget } from './targets.js'
import { inferBody, predictBody, rawInferBody } from './tensors.js'
import type { TypedBody } from './typed-body.js'

type Make = (samples: readonly Sample[], draw: Draw) => Case

/** Addresses of the model that is served where no other one is named. */
const INFER_PATH = '/v2/models/xception-cifar10/infer'
const PREDICT_PATH = '/v1/models/xception-cifar10:predict'

const KINDS: readonly Make[] = [
  (samples, draw) => {
    const sample = draw.oneOf(...samples)
    return { kind: sample.format, bytes: plainPost(imageBody(sample, draw), draw), answers: 1 }
  },
  (samples, draw) => ({ kind: 'form', bytes: plainPost(formBody(samples, draw), draw), answers: 1 }),
  (samples, draw) => ({ kind: 'JSON', bytes: plainPost(jsonBody(samples, draw), draw), answers: 1 }),
  (samples, draw) => ({ kind: 'embedding', bytes: plainPost(anyBody(samples, draw), draw, '/embed'), answers: 1 }),
  (samples, draw) => ({ kind: 'infer', bytes: plainPost(inferBody(samples, draw), draw, INFER_PATH), answers: 1 }),
  (samples, draw) => ({ kind: 'raw infer', bytes: plainPost(rawInferBody(samples, draw), draw, INFER_PATH), answers: 1 }),
  (samples, draw) => ({ kind: 'predict', bytes: plainPost(predictBody(samples, draw), draw, PREDICT_PATH), answers: 1 }),
  (samples, draw) => ({ kind: 'chunks', bytes: framed(inChunks, samples, draw), answers: 1 }),
  (samples, draw) => ({ kind: 'broken chunks', bytes: framed(inBrokenChunks, samples, draw), answers: draw.oneOf('first', 'cut') }),
  (samples, draw) => ({ kind: 'wrong length', bytes: framed(withWrongLength, samples, draw), answers: draw.oneOf('first', 'cut') }),
  (samples, draw) => ({ kind: 'broken off', bytes: framed(brokenOff, samples, draw), answers: 'cut' }),
  (samples, draw) => {
    const { type, headers = [], bytes } = anyBody(samples, draw)
    return { kind: 'odd headers', bytes: post([...typeOf(type), ...headers, ...oddHeaders(draw)], bytes), answers: 'first' }
  },
  (_samples, draw) => ({ kind: 'odd target', bytes: oddTarget(draw), answers: 'first' }),
  (samples, draw) => {
    const whole = framed(draw.once(2) ? (headers, body) => post(headers, body) : inChunks, samples, draw)
    return { kind: 'changed request', bytes: mutate(whole, draw), answers: 'first' }
  },
  pipelined
]
const MOST_PIPELINED = 6
/** Kinds that images are drawn from, so that every format has its share. */
const IMAGE_KINDS = 4
const WEIGHTED = [...Array.from({ length: IMAGE_KINDS }, () => KINDS[0] as Make), ...KINDS.slice(1)]

/** The case of that number, the same for the same seed and samples. */
export function makeCase (samples: readonly Sample[], seed: number, number: number): Case {
  // Far enough apart that one seed's cases are not another's, moved by a few.
  const draw = new Draw(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number, 0x85ebca6b))
  return draw.oneOf(...WEIGHTED)(samples, draw)
}

function pipelined (samples: readonly Sample[], draw: Draw): Case {
  const one = (): Buffer => draw.oneOf(
    () => {
      const method = draw.oneOf('GET', 'GET', 'OPTIONS')
      return request(`${method} ${draw.oneOf('/livez', '/readyz', '/', '/nowhere')} HTTP/1.1`, clientHeaders(draw))
    },
    () => plainPost(anyBody(samples, draw), draw),
    () => framed(inChunks, samples, draw)
  )()
  const requests = Array.from({ length: draw.between(2, MOST_PIPELINED) }, one)
  return { kind: 'pipelined', bytes: Buffer.concat(requests), answers: requests.length }
}

function anyBody (samples: readonly Sample[], draw: Draw): TypedBody {
  const sample = draw.oneOf(...samples)
  return draw.oneOf<() => TypedBody>(
    () => ({ type: sample.type, bytes: sample.bytes }), () => formBody(samples, draw), () => jsonBody(samples, draw)
  )()
}

function plainPost ({ type, headers = [], bytes }: TypedBody, draw: Draw, path?: string): Buffer {
  return post([...typeOf(type), ...headers, ...clientHeaders(draw)], bytes, path)
}

type Frame = (headers: HeaderLines, body: Buffer, draw: Draw) => Buffer

function framed (frame: Frame, samples: readonly Sample[], draw: Draw): Buffer {
  const { type, headers = [], bytes } = anyBody(samples, draw)
  return frame([...typeOf(type), ...headers, ...clientHeaders(draw)], bytes, draw)
}

function typeOf (type: string | undefined): HeaderLines {
  return type === undefined ? [] : [['content-type', type]]
}
