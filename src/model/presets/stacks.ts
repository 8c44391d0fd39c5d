import type { Activation, Network, NetworkInput } from '../network.js'
import type { Plan } from './plan.js'
import { RELU, Walk } from './walk.js'

/* The members of the family that are plain stacks of separable convolutions. */

/** Filters of each stage's convolutions in VGG-16 (Simonyan and Zisserman 2014, arXiv 1409.1556). */
const VGG_STAGES = [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]]

/** Filters and stride of MobileNet's blocks (Howard et al. 2017, arXiv 1704.04861, Table 1). */
const MOBILENET_BLOCKS = [
  [64, 1], [128, 2], [128, 1], [256, 2], [256, 1], [512, 2], [512, 1], [512, 1], [512, 1], [512, 1], [512, 1], [1024, 2], [1024, 1]
] as const

const RELU6: Activation = { function: 'relu', maximum: 6 }

/** VGG-16's stages with a separable convolution for every convolution, and one dense layer. Throws an Error if no pixel is left. */
export function vggSeparable (plan: Plan, input: NetworkInput): Network {
  const walk = new Walk(input)
  VGG_STAGES.forEach((stage, at) => {
    walk.enter(`block${at + 1}`)
    stage.forEach((filters, index) => {
      const name = `${walk.module}_sepconv${index + 1}`
      walk.separableConvolution(name, plan.filters(filters), { kernel: 3, stride: at === 0 && index === 0 ? plan.stem : 1 })
      walk.batchNormalization(`${name}_bn`)
      walk.activation(`${name}_relu`, RELU)
    })
    walk.add(`${walk.module}_pool`, { kind: 'maxPooling', size: [2, 2], strides: [2, 2], padding: 'valid' })
  })
  walk.classifier(plan.classes)
  return walk.build()
}

/** MobileNet as Keras has it, its layers in Keras's order and with Keras's names. */
export function mobileNet (plan: Plan, input: NetworkInput): Network {
  const walk = new Walk(input)
  walk.enter('conv1')
  walk.convolution('conv1', plan.filters(32), { kernel: 3, stride: plan.stem })
  walk.activation('conv1_relu', RELU6)
  MOBILENET_BLOCKS.forEach(([filters, stride], index) => {
    const block = index + 1
    walk.enter(`block${block}`)
    if (stride > 1) walk.add(`conv_pad_${block}`, { kind: 'zeroPadding', top: 0, bottom: 1, left: 0, right: 1 })
    walk.depthwiseConvolution(`conv_dw_${block}`, { kernel: 3, stride, padding: stride > 1 ? 'valid' : 'same' })
    walk.batchNormalization(`conv_dw_${block}_bn`)
    walk.activation(`conv_dw_${block}_relu`, RELU6)
    walk.convolution(`conv_pw_${block}`, plan.filters(filters), { kernel: 1 })
    walk.activation(`conv_pw_${block}_relu`, RELU6)
  })
  walk.enter(undefined, 'head')
  walk.add('global_average_pooling2d', { kind: 'globalAveragePooling', keepDimensions: true })
  walk.add('conv_preds', {
    kind: 'convolution', filters: plan.classes, groups: 1, bias: true, kernel: [1, 1], strides: [1, 1], dilation: [1, 1], padding: 'same'
  })
  walk.add('reshape_2', { kind: 'reshape', shape: [plan.classes] })
  walk.activation('predictions', { function: 'softmax' })
  return walk.build()
}
