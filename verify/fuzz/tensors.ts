import { compressed } from './compressed.js'
import type { HeaderLines } from './case.js'
import type { Sample } from './corpus.js'
import type { Draw } from './draw.js'
import { mutate } from './mutate.js'
import type { TypedBody } from './typed-body.js'

/** Input of the network that is served where no other one is named. */
const SHAPE = [32, 32, 3] as const
const MOST_IMAGES = 3

/** A body of the Open Inference Protocol: a tensor in JSON, or behind it as binary data. */
export function inferBody (samples: readonly Sample[], draw: Draw): TypedBody {
  const images = draw.between(1, MOST_IMAGES)
  const tensor = draw.oneOf(filesTensor, bytesTensor, floatsTensor)(samples, images, draw)
  const isBinary = draw.once(2)
  const parameters = isBinary ? { binary_data_size: draw.once(5) ? draw.below(2 ** 20) : tensor.binary.length } : {}
  const input = { name: tensor.name, datatype: tensor.datatype, shape: tensor.shape, parameters, ...isBinary ? {} : { data: tensor.data } }
  const names = draw.oneOf(['probabilities'], ['probabilities', 'features'], ['maps'], ['other'])
  const outputs = names.map((name) => ({ name, parameters: { binary_data: draw.oneOf(true, false, null) } }))
  const request = { id: draw.oneOf('x', null), inputs: [input], outputs: draw.oneOf(undefined, null, outputs) }
  const json = oddly(Buffer.from(JSON.stringify(request)), draw)
  const length: HeaderLines = isBinary ? [['inference-header-content-length', draw.once(10) ? '-1' : String(json.length)]] : []
  const bytes = isBinary ? Buffer.concat([json, oddly(tensor.binary, draw)]) : json
  return compressed({ type: isBinary ? 'application/octet-stream' : 'application/json', headers: length, bytes }, draw)
}

/** A raw binary request of Triton's extension. */
export function rawInferBody (samples: readonly Sample[], draw: Draw): TypedBody {
  const bytes = oddly(draw.oneOf(...samples).bytes, draw)
  return compressed({ type: 'application/octet-stream', headers: [['inference-header-content-length', '0']], bytes }, draw)
}

/** A body of TensorFlow Serving's `predict`, by rows or by columns. */
export function predictBody (samples: readonly Sample[], draw: Draw): TypedBody {
  const images = draw.between(1, MOST_IMAGES)
  const one = (): unknown => draw.oneOf<() => unknown>(
    () => ({ b64: mutate(draw.oneOf(...samples).bytes, draw).toString('base64') }),
  () => nested(draw),
  () => ({ pixels: nested(draw) })
  )()
  const rows = Array.from({ length: images }, one)
  const body = draw.oneOf<object>(
    { instances: rows }, { inputs: rows }, { inputs: { pixels: rows } }, { signature_name: 'other', instances: rows },
    { signature_name: null, instances: rows[0] }, { instances: null, inputs: { image: rows[0] } }
  )
  return compressed({ type: 'application/json', bytes: oddly(Buffer.from(JSON.stringify(body)), draw) }, draw)
}

interface Tensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data: readonly unknown[]
  readonly binary: Buffer
}

function filesTensor (samples: readonly Sample[], images: number, draw: Draw): Tensor {
  const files = Array.from({ length: images }, () => mutate(draw.oneOf(...samples).bytes, draw))
  const binary = Buffer.concat(files.flatMap((file) => [lengthOf(file), file]))
  return { name: 'image', datatype: 'BYTES', shape: [images], data: files.map((file) => file.toString('base64')), binary }
}

function bytesTensor (_samples: readonly Sample[], images: number, draw: Draw): Tensor {
  const binary = draw.bytes(images * sizeOf(SHAPE))
  return { name: 'pixels', datatype: draw.oneOf('UINT8', 'UINT8', 'INT8', 'FP16'), shape: shapeOf(images, draw), data: [...binary], binary }
}

function floatsTensor (_samples: readonly Sample[], images: number, draw: Draw): Tensor {
  const values = Float32Array.from({ length: images * sizeOf(SHAPE) }, () => draw.uniform(-1, 1))
  return { name: 'pixels', datatype: 'FP32', shape: shapeOf(images, draw), data: [...values], binary: Buffer.from(values.buffer) }
}

function shapeOf (images: number, draw: Draw): readonly number[] {
  const right = [images, ...SHAPE]
  return draw.oneOf<readonly number[]>(right, right, [images, sizeOf(SHAPE)], [-1, ...SHAPE], [2 ** 31, ...SHAPE], [])
}

function sizeOf (shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** In front of each file of a binary tensor of them. */
function lengthOf (file: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(file.length)
  return length
}

/** One image's numbers, now and then with a row too few. */
function nested (draw: Draw): unknown {
  const [rows, columns, channels] = SHAPE
  const pixel = (): number[] => Array.from({ length: channels }, () => draw.uniform(-1, 1))
  return Array.from({ length: rows - draw.below(2) }, () => Array.from({ length: columns }, pixel))
}

function oddly (bytes: Buffer, draw: Draw): Buffer {
  return draw.once(2) ? mutate(bytes, draw) : bytes
}
