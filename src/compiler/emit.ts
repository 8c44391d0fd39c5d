import { contentOf } from './content.js'
import {
  DATA_TYPES, encodeSavedModel, SERVING_SIGNATURE, shapeProto,
  type AttrValue, type DataType, type NodeDef, type SignatureInfo, type TensorInfo
} from './messages.js'
import type { Step } from './steps.js'

/** A tensor that a run is fed or gives; `shape` has -1 where only the run knows. */
export interface End {
  readonly step: string
  readonly type: DataType
  readonly shape: readonly number[]
}

/** What a run is fed and gives, by the names that its caller uses. */
export interface Signature {
  readonly inputs: Readonly<Record<string, End>>
  readonly outputs: Readonly<Record<string, End>>
}

/** A network as steps, with its ends. */
export interface Program extends Signature {
  readonly steps: readonly Step[]
  /** What is done once, before the first run. */
  readonly initialization?: {
    /** Does it by being run. */
    readonly step: string
    /** Is then fed with the path of that file of the folder `assets`. */
    readonly path: End
    readonly file: string
  }
}

/** Writes a program as a serialized `saved_model.pb` with one signature. */
export function emit ({ steps, inputs, outputs, initialization }: Program): Uint8Array {
  return encodeSavedModel(steps.map(nodeOf), { [SERVING_SIGNATURE]: infosOf({ inputs, outputs }) }, initialization && {
    operation: initialization.step,
    asset: { tensor: infoOf(initialization.path), file: initialization.file }
  })
}

/** Writes steps with several signatures by name, which share what their variables hold. */
export function emitSignatures (steps: readonly Step[], signatures: Readonly<Record<string, Signature>>): Uint8Array {
  return encodeSavedModel(steps.map(nodeOf), Object.fromEntries(Object.entries(signatures).map(([name, ends]) => [name, infosOf(ends)])))
}

function infosOf ({ inputs, outputs }: Signature): SignatureInfo {
  return { inputs: infos(inputs), outputs: infos(outputs) }
}

function infos (ends: Readonly<Record<string, End>>): Record<string, TensorInfo> {
  return Object.fromEntries(Object.entries(ends).map(([name, end]) => [name, infoOf(end)]))
}

function infoOf ({ step, type, shape }: End): TensorInfo {
  return { name: `${step}:0`, dtype: DATA_TYPES[type], tensorShape: shapeProto(shape) }
}

function nodeOf (step: Step): NodeDef {
  return { name: step.name, op: step.op, input: step.inputs, attr: attributes(step) }
}

/** The attributes of TensorFlow's op definitions (tensorflow/core/ops), those that have defaults included. */
function attributes (step: Step): Readonly<Record<string, AttrValue>> {
  const T = dataType(step.type)
  switch (step.op) {
    case 'Placeholder': return { dtype: T, shape: { shape: shapeProto(step.shape) } }
    case 'Const': {
      const tensor = { dtype: DATA_TYPES[step.type], tensorShape: shapeProto(step.shape), tensorContent: contentOf(step.values, step.type) }
      return { dtype: T, value: { tensor } }
    }
    case 'VarHandleOp': return { dtype: T, shape: { shape: shapeProto(step.shape) }, container: text(''), shared_name: text(step.shared) }
    case 'AssignVariableOp': return { dtype: T, validate_shape: { b: false } }
    case 'ReadVariableOp': case 'AssignSubVariableOp': return { dtype: T }
    case 'ReadFile': case 'NoOp': return {}
    case 'Bitcast': return { T: dataType('uint8'), type: T }
    case 'DecodeRaw': return { out_type: T, little_endian: { b: true } }
    case 'Cast': return { SrcT: dataType(step.from), DstT: T, Truncate: { b: false } }
    case 'Reshape': return { T, Tshape: INT32 }
    case 'MatMul': return { T, transpose_a: { b: step.transposed === 'left' }, transpose_b: { b: step.transposed === 'right' } }
    case 'BiasAdd': case 'BiasAddGrad': return { T, data_format: NHWC }
    case 'FusedBatchNormV3': {
      const { epsilon, ofBatch = false } = step
      return { T, U: FLOAT32, epsilon: { f: epsilon }, exponential_avg_factor: { f: 1 }, data_format: NHWC, is_training: { b: ofBatch } }
    }
    case 'FusedBatchNormGradV3': return { T, U: FLOAT32, epsilon: { f: step.epsilon }, data_format: NHWC, is_training: { b: true } }
    case 'Conv2D': case 'Conv2DBackpropInput': case 'Conv2DBackpropFilter':
      return { T, strides: window(step.strides), padding: padding(step), dilations: window(step.dilation), data_format: NHWC }
    case 'DepthwiseConv2dNative': case 'DepthwiseConv2dNativeBackpropInput': case 'DepthwiseConv2dNativeBackpropFilter': {
      const { stride } = step
      return { T, strides: window([stride, stride]), padding: padding(step), dilations: window([1, 1]), data_format: NHWC }
    }
    case 'XceptionSeparableConvolution': {
      const { quantized, filters, summands, reluInput, reluOutput } = step
      const W = quantized ? dataType('int8') : T
      return { T, W, filters: { i: filters }, summands: { i: summands }, relu_input: { b: reluInput }, relu_output: { b: reluOutput } }
    }
    case 'XceptionConvolution': return {
      T,
      filters: { i: step.filters },
      window: { list: { i: step.window } },
      strides: { list: { i: step.strides } },
      margins: { list: { i: [step.margins.top, step.margins.bottom, step.margins.left, step.margins.right] } },
      summands: { i: step.summands },
      pool_summand: { b: step.poolSummand },
      pool_before: { list: { i: step.poolBefore } },
      relu_output: { b: step.reluOutput }
    }
    case 'MaxPool': case 'AvgPool': case 'MaxPoolGrad': case 'AvgPoolGrad':
      return { T, ksize: window(step.size), strides: window(step.strides), padding: padding(step), data_format: NHWC }
    case 'ResourceApplyMomentum': return { T, use_locking: { b: false }, use_nesterov: { b: true } }
    case 'Mean': case 'Max': case 'Sum': return { T, Tidx: INT32, keep_dims: { b: step.keepsAxes === true } }
    case 'ResizeNearestNeighbor': case 'ResizeBilinear': return { T, align_corners: { b: false }, half_pixel_centers: { b: true } }
    case 'TopKV2': return { T, sorted: { b: true }, Tk: INT32, index_type: INT32 }
    case 'GatherV2': return { Tparams: T, Tindices: INT32, Taxis: INT32, batch_dims: { i: step.batchDimensions } }
    case 'Einsum': return { T, N: { i: step.inputs.length }, equation: text(step.equation) }
    case 'Pad': case 'PadV2': return { T, Tpaddings: INT32 }
    case 'Slice': return { T, Index: INT32 }
    case 'StridedSlice': {
      const none = { i: 0 }
      return {
        T,
        Index: INT32,
        begin_mask: none,
        end_mask: { i: bits(step.toEnd) },
        ellipsis_mask: none,
        new_axis_mask: none,
        shrink_axis_mask: { i: bits(step.dropped) }
      }
    }
    case 'ReverseV2': return { T, Tidx: INT32 }
    case 'ConcatV2': return { T, Tidx: INT32, N: { i: step.inputs.length - 1 } }
    case 'Merge': return { T, N: { i: step.inputs.length } }
    case 'LeakyRelu': return { T, alpha: { f: step.slope } }
    default: return { T }
  }
}

function dataType (type: DataType): AttrValue {
  return { type: DATA_TYPES[type] }
}

/** One number for each dimension of a batch of feature maps. */
function window ([height, width]: readonly [number, number]): AttrValue {
  return { list: { i: [1, height, width, 1] } }
}

function padding (step: { readonly padding: 'valid' | 'same' }): AttrValue {
  return text(step.padding.toUpperCase())
}

function bits (positions: readonly number[]): number {
  return positions.reduce((mask, position) => mask | (1 << position), 0)
}

function text (value: string): AttrValue {
  return { s: new TextEncoder().encode(value) }
}

const INT32 = dataType('int32')
const FLOAT32 = dataType('float32')
const NHWC = text('NHWC')
