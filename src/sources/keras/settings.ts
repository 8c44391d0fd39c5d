import { refuse } from './refusal.js'
import type { FlatLayer } from './flatten.js'

type Supported = Readonly<Record<string, readonly unknown[]>>

const CHANNELS_LAST: Supported = { data_format: ['channels_last'] }
const CONVOLUTION: Supported = { ...CHANNELS_LAST, dilation_rate: [1, [1, 1]], groups: [1], use_bias: [false] }
const POOLING: Supported = { ...CHANNELS_LAST, keepdims: [false] }
const NORMALIZED_AXIS = [-1, [-1], 3, [3]]

/** Settings of which the service, like Xception itself, has only some values, by class. */
const SUPPORTED: ReadonlyMap<string, Supported> = new Map([
  ['Conv2D', { ...CONVOLUTION, padding: ['valid', 'same'] }],
  ['SeparableConv2D', { ...CONVOLUTION, padding: ['same'], strides: [1, [1, 1]], depth_multiplier: [1] }],
  // The axis of vectors is 1.
  ['BatchNormalization', { axis: [...NORMALIZED_AXIS, 1, [1]] }],
  ['MaxPooling2D', { ...CHANNELS_LAST, padding: ['same'] }],
  ['GlobalAveragePooling2D', POOLING],
  ['GlobalMaxPooling2D', POOLING],
  ['Flatten', CHANNELS_LAST],
  ['ReLU', { max_value: [], negative_slope: [0], threshold: [0] }],
  ['ELU', { alpha: [1] }],
  ['Softmax', { axis: [...NORMALIZED_AXIS, 1] }],
  ['Normalization', { axis: [...NORMALIZED_AXIS, []] }]
])

/** Throws a WeightsError that names the first setting of a layer whose value is not supported; one that is absent is at its default. */
export function checkSettings (layer: FlatLayer): void {
  for (const [setting, values] of Object.entries(SUPPORTED.get(layer.className) ?? {})) {
    const value = JSON.stringify(layer.config[setting] ?? null)
    if (value === 'null' || values.some((supported) => JSON.stringify(supported) === value)) continue
    const supported = values.length === 0 ? 'none' : values.map((entry) => JSON.stringify(entry)).join(' or ')
    refuse(layer, `has ${setting} ${value}, and only ${supported} is supported`)
  }
}
