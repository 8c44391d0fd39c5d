import { Type, type Static } from '../base/typebox.js'
import { parse, parser } from '../base/schema.js'
import { WANTABLE } from '../compiler/signature.js'
import type { Content, Frame } from './frames.js'
import type { LoadReply, OutputValues, RunReply } from './protocol.js'
import { OUTPUT_NAMES, type OutputName } from './wanted.js'

/* Replies as frames. The service trusts none of them: what broke TensorFlow may have broken the process's memory too. */

const LoadHead = Type.Object({
  backend: Type.Union([Type.Literal('cpu'), Type.Literal('gpu')]),
  tensorflowVersion: Type.String(),
  outputs: Type.Array(Type.Enum([...WANTABLE]))
})

/**
 * The reply to a run has three numbers: images, classes, milliseconds. Where more than probabilities was wanted, it has this head, too.
 * The values of each output stand in the body one after the other, float32, as many as the images times the shape says.
 */
const OutputsHead = Type.Object({
  outputs: Type.Array(Type.Object({ name: Type.Enum([...OUTPUT_NAMES]), shape: Type.Array(Type.Integer({ minimum: 1 })) }))
})

const parseOutputs = parser(OutputsHead, 'the reply')

const NO_OUTPUTS: Static<typeof OutputsHead>['outputs'] = []

/** What a worker's module threw. */
const FailureHead = Type.Object({ failure: Type.Object({ message: Type.String(), stack: Type.String() }) })

export function loadReply (reply: LoadReply): Content {
  return { head: { ...reply, outputs: [...reply.outputs] } satisfies Static<typeof LoadHead> }
}

export function runReply ({ probabilities, outputs, inferenceMs }: RunReply, images: number): Content {
  const named = Object.entries(outputs) as Array<[OutputName, OutputValues]>
  const numbers = [images, probabilities.length / images, inferenceMs] as const
  if (named.length === 0) return { numbers, body: [probabilities] }
  const head: Static<typeof OutputsHead> = { outputs: named.map(([name, { shape }]) => ({ name, shape: [...shape] })) }
  return { numbers, head, body: [probabilities, ...named.map(([, { values }]) => values)] }
}

const ROUSING = -1

/** No reply yet: one is about to come. */
export const rousing: Content = { numbers: [ROUSING] }

export function isRousing ({ numbers: [first] }: Frame): boolean {
  return first === ROUSING
}

export function failureReply ({ message, stack = '' }: Error): Content {
  return { head: { failure: { message, stack } } satisfies Static<typeof FailureHead> }
}

/** Throws what the worker's module threw, or an Error if this is no reply to a request to load. */
export function decodeLoadReply ({ head }: Frame): LoadReply {
  throwFailure(head)
  return parse(LoadHead, head, 'the reply')
}

/** Throws what the worker's module threw, or an Error if this is no reply to a run of so many images. */
export function decodeRunReply ({ numbers, head, body }: Frame, images: number): RunReply {
  throwFailure(head)
  const [answered = NaN, classes = NaN, inferenceMs = NaN] = numbers
  if (!Number.isSafeInteger(classes) || classes < 1) throw new Error(`the reply: classes must be a positive integer, and are ${classes}`)
  if (!Number.isFinite(inferenceMs)) throw new Error(`the reply: milliseconds must be a number, and are ${inferenceMs}`)
  const outputs = head === undefined ? NO_OUTPUTS : parseOutputs(head).outputs
  const lengths = [images * classes]
  for (const { shape } of outputs) lengths.push(shape.reduce((product, size) => product * size, images))
  const total = lengths.reduce((sum, length) => sum + length)
  if (answered !== images || body.length !== total * Float32Array.BYTES_PER_ELEMENT) {
    throw new Error(`the reply has ${body.length} bytes for ${answered} images, and ${total} numbers for ${images} were to come`)
  }
  const [probabilities = new Float32Array(), ...values] = cut(new Float32Array(body.buffer, body.byteOffset, total), lengths)
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
