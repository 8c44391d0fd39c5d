import { DATA_TYPES, shapeProto, type AttrValue, type DataType, type NodeDef } from './messages.js'

/** A number format that the network can compute in. */
export type Precision = 'float32' | 'bfloat16'

/**
 * Appends TensorFlow ops to a graph. Each method adds one op and returns the name by which others read it: the wanted one,
 * changed where TensorFlow does not allow it or another op has it already (a layer may be called `probabilities`, or `my layer`).
 * Feature maps are NHWC. Only ops that have kernels for float32 and bfloat16 on CPUs and GPUs are offered
 * (`decodeRaw` alone runs on the CPU, where TensorFlow places it by itself).
 */
export class GraphBuilder {
  readonly nodes: NodeDef[] = []
  private readonly names = new Set<string>()

  placeholder (name: string, type: DataType, shape: readonly number[]): string {
    return this.op(name, 'Placeholder', [], { dtype: dataType(type), shape: { shape: shapeProto(shape) } })
  }

  int32 (name: string, values: readonly number[]): string {
    return this.constant(name, 'int32', [values.length], new Uint8Array(Int32Array.from(values).buffer))
  }

  /** A constant of float32 values, rounded to `type`. */
  weights (name: string, type: Precision, shape: readonly number[], values: Float32Array): string {
    const numbers = type === 'bfloat16' ? toBfloat16(values) : values
    return this.constant(name, type, shape, new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
  }

  /** Raw bytes in strings, one string an image, to a [batch, bytes] tensor. */
  decodeRaw (name: string, input: string): string {
    return this.op(name, 'DecodeRaw', [input], { out_type: dataType('uint8'), little_endian: { b: true } })
  }

  cast (name: string, input: string, from: DataType, to: DataType): string {
    return this.op(name, 'Cast', [input], { SrcT: dataType(from), DstT: dataType(to), Truncate: { b: false } })
  }

  /** `shape` may hold one -1. */
  reshape (name: string, input: string, type: DataType, shape: readonly number[]): string {
    return this.op(name, 'Reshape', [input, this.int32(`${name}/shape`, shape)], { T: dataType(type), Tshape: dataType('int32') })
  }

  convolution (name: string, input: string, kernel: string, type: Precision, stride: number, padding: string): string {
    return this.op(name, 'Conv2D', [input, kernel], {
      T: dataType(type), strides: ints([1, stride, stride, 1]), padding: text(padding.toUpperCase()), dilations: ints([1, 1, 1, 1]), data_format: text('NHWC')
    })
  }

  depthwiseConvolution (name: string, input: string, kernel: string, type: Precision): string {
    return this.op(name, 'DepthwiseConv2dNative', [input, kernel], {
      T: dataType(type), strides: ints([1, 1, 1, 1]), padding: text('SAME'), dilations: ints([1, 1, 1, 1]), data_format: text('NHWC')
    })
  }

  matMul (name: string, left: string, right: string, type: Precision): string {
    return this.op(name, 'MatMul', [left, right], { T: dataType(type), transpose_a: { b: false }, transpose_b: { b: false } })
  }

  maxPool (name: string, input: string, type: Precision, size: number, stride: number): string {
    return this.op(name, 'MaxPool', [input], {
      T: dataType(type), ksize: ints([1, size, size, 1]), strides: ints([1, stride, stride, 1]), padding: text('SAME'), data_format: text('NHWC')
    })
  }

  /** Mean or Max over height and width. */
  reduceSpatial (name: string, op: 'Mean' | 'Max', input: string, type: Precision): string {
    return this.op(name, op, [input, this.int32(`${name}/axes`, [1, 2])], { T: dataType(type), Tidx: dataType('int32'), keep_dims: { b: false } })
  }

  biasAdd (name: string, input: string, bias: string, type: Precision): string {
    return this.op(name, 'BiasAdd', [input, bias], { T: dataType(type), data_format: text('NHWC') })
  }

  unary (name: string, op: 'Relu' | 'Elu' | 'Sigmoid' | 'Softmax', input: string, type: Precision): string {
    return this.op(name, op, [input], { T: dataType(type) })
  }

  binary (name: string, op: 'AddV2' | 'Mul' | 'Sub', left: string, right: string, type: Precision): string {
    return this.op(name, op, [left, right], { T: dataType(type) })
  }

  /** Joins two [batch, n] tensors into one [batch, 2n]. */
  concat (name: string, left: string, right: string, type: Precision): string {
    const axis = this.constant(`${name}/axis`, 'int32', [], new Uint8Array(Int32Array.of(1).buffer))
    return this.op(name, 'ConcatV2', [left, right, axis], { T: dataType(type), Tidx: dataType('int32'), N: { i: 2 } })
  }

  private constant (name: string, type: DataType, shape: readonly number[], content: Uint8Array): string {
    const tensor = { dtype: DATA_TYPES[type], tensorShape: shapeProto(shape), tensorContent: content }
    return this.op(name, 'Const', [], { dtype: dataType(type), value: { tensor } })
  }

  private op (wantedName: string, op: string, input: readonly string[], attr: Readonly<Record<string, AttrValue>>): string {
    const name = this.freeName(wantedName.replace(/^[^A-Za-z0-9.]|[^A-Za-z0-9_./-]/g, '.'))
    this.names.add(name)
    this.nodes.push({ name, op, input, attr })
    return name
  }

  private freeName (name: string): string {
    if (!this.names.has(name)) return name
    let number = 1
    while (this.names.has(`${name}_${number}`)) number++
    return `${name}_${number}`
  }
}

/** Upper halves of the float32 numbers, rounded to nearest, ties to even. */
function toBfloat16 (values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const halves = new Uint16Array(bits.length)
  // Uint16Array.from takes ten times as long, which is seconds for the full network.
  bits.forEach((word, index) => { halves[index] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16 })
  return halves
}

function dataType (type: DataType): AttrValue {
  return { type: DATA_TYPES[type] }
}

function ints (values: readonly number[]): AttrValue {
  return { list: { i: values } }
}

function text (value: string): AttrValue {
  return { s: new TextEncoder().encode(value) }
}
