import { Type, type Static } from '../base/typebox.js'
import { parse, parser } from '../base/schema.js'
import { WANTABLE } from '../compiler/signature.js'
import { frameParts, type Frame } from './frames.js'
import type { LoadReply, OutputValues, RunReply } from './protocol.js'
import { OUTPUT_NAMES, type OutputName } from './wanted.js'

/* Replies as frames. The service trusts none of them: what broke TensorFlow may have broken the process's memory too. */

const LoadHead = Type.Object({
  backend: Type.Union([Type.Literal('cpu'), Type.Literal('gpu')]),
  tensorflowVersion: Type.String(),
  outputs: Type.Array(Type.Enum([...WANTABLE]))
})

/** The values of each output stand in the body one after the other, float32, as many as the images times the shape says. */
const RunHead = Type.Object({
  images: Type.Integer({ minimum: 1 }),
  inferenceMs: Type.Number(),
  classes: Type.Integer({ minimum: 1 }),
  outputs: Type.Array(Type.Object({ name: Type.Enum([...OUTPUT_NAMES]), shape: Type.Array(Type.Integer({ minimum: 1 })) }))
})

const parseRunHead = parser(RunHead, 'the reply')

/** What a worker's module threw. */
const FailureHead = Type.Object({ failure: Type.Object({ message: Type.String(), stack: Type.String() }) })

export function encodeLoadReply (reply: LoadReply): Uint8Array[] {
  return frameParts({ ...reply, outputs: [...reply.outputs] } satisfies Static<typeof LoadHead>, [])
}

export function encodeRunReply ({ probabilities, outputs, inferenceMs }: RunReply, images: number): Uint8Array[] {
  const named = Object.entries(outputs) as Array<[OutputName, OutputValues]>
  const head: Static<typeof RunHead> = {
    images,
    inferenceMs,
    classes: probabilities.length / images,
    outputs: named.map(([name, { shape }]) => ({ name, shape: [...shape] }))
  }
  return frameParts(head, [probabilities, ...named.map(([, { values }]) => values)])
}

export function encodeFailure ({ message, stack = '' }: Error): Uint8Array[] {
  return frameParts({ failure: { message, stack } } satisfies Static<typeof FailureHead>, [])
}

/** Throws what the worker's module threw, or an Error if this is no reply to a request to load. */
export function decodeLoadReply ({ head }: Frame): LoadReply {
  throwFailure(head)
  return parse(LoadHead, head, 'the reply')
}

/** Throws what the worker's module threw, or an Error if this is no reply to a run of so many images. */
export function decodeRunReply ({ head, body }: Frame, images: number): RunReply {
  throwFailure(head)
  const { images: answered, inferenceMs, classes, outputs } = parseRunHead(head)
  const shapes = [[classes], ...outputs.map(({ shape }) => shape)]
  const lengths = shapes.map((shape) => shape.reduce((product, size) => product * size, images))
  const numbers = lengths.reduce((sum, length) => sum + length)
  if (answered !== images || body.length !== numbers * Float32Array.BYTES_PER_ELEMENT) {
    throw new Error(`the reply has ${body.length} bytes for ${answered} images, and ${numbers} numbers for ${images} were to come`)
  }
  const [probabilities = new Float32Array(), ...values] = cut(new Float32Array(body.buffer, body.byteOffset, numbers), lengths)
  return {
    probabilities,
    outputs: Object.fromEntries(outputs.map(({ name, shape }, index) => [name, { shape, values: values[index] }])),
    inferenceMs
  }
}

/** The values one after the other, of such lengths. */
function cut (all: Float32Array<ArrayBuffer>, lengths: readonly number[]): Array<Float32Array<ArrayBuffer>> {
  let at = 0
  return lengths.map((length) => {
    at += length
    return all.subarray(at - length, at)
  })
}

function throwFailure (head: unknown): void {
  if (typeof head !== 'object' || head === null || !('failure' in head)) return
  const { failure: { message, stack } } = parse(FailureHead, head, 'the reply')
  throw Object.assign(new Error(message), { stack })
}
