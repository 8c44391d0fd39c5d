import type { Sides } from '../model/network.js'

/*
 * The ops of a training step, beside those of inference: updates and gradients. All of them have kernels for
 * float32 and bfloat16 on CPUs and GPUs; in a graph, TensorFlow puts oneDNN's in their place on a CPU, for the gradients of
 * depthwise convolution too.
 */

export type TrainingOp =
  /** Takes a value off a variable, and gives nothing to read. */
  | { readonly op: 'AssignSubVariableOp' }
  /** Stochastic gradient descent with Nesterov's momentum; reads variable, momentum's variable, learning rate, gradient, momentum. */
  | { readonly op: 'ResourceApplyMomentum' }
  /** An input `^name` is waited for and not read. */
  | { readonly op: 'Identity' }
  /** Read the gradient and what the layer gave; those of sigmoid and tanh the other way round. */
  | { readonly op: 'ReluGrad' | 'Relu6Grad' | 'EluGrad' | 'SigmoidGrad' | 'TanhGrad' }
  | { readonly op: 'BiasAddGrad' }
  /** What is padded, amounts [dimensions, 2], and with what. */
  | { readonly op: 'PadV2' }
  /** Cross entropy of logits and labels [n, classes]; gives the losses [n] and, as its second output, the gradient of their sum. */
  | { readonly op: 'SoftmaxCrossEntropyWithLogits' }
  | {
    readonly op: 'Conv2DBackpropInput' | 'Conv2DBackpropFilter'
    readonly strides: Sides
    readonly dilation: Sides
    readonly padding: 'valid' | 'same'
  }
  | {
    readonly op: 'DepthwiseConv2dNativeBackpropInput' | 'DepthwiseConv2dNativeBackpropFilter'
    readonly stride: number
    readonly padding: 'valid' | 'same'
  }
  | { readonly op: 'MaxPoolGrad' | 'AvgPoolGrad', readonly size: Sides, readonly strides: Sides, readonly padding: 'valid' | 'same' }
  /** Reads gradient, input, scale and the three that the forward op reserves, float32 but for the first two. */
  | { readonly op: 'FusedBatchNormGradV3', readonly epsilon: number }
