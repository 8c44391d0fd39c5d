import type { Layer, OperationOf } from '../../model/network.js'
import type { Differentiable, Pass, Value } from './pass.js'
import { refuse } from './refusal.js'

/** The non-linearity of a hidden layer. */
export function activation (layer: Layer, { activation: wanted }: OperationOf<'activation'>, input: Value, pass: Pass): Differentiable {
  switch (wanted.function) {
    case 'relu': {
      if (wanted.maximum === undefined) return element(layer, 'Relu', 'ReluGrad', input, pass)
      if (wanted.maximum === 6) return element(layer, 'Relu6', 'Relu6Grad', input, pass)
      return refuse(layer, `ReLU up to ${wanted.maximum}`)
    }
    case 'elu': {
      if (wanted.alpha === 1) return element(layer, 'Elu', 'EluGrad', input, pass)
      return refuse(layer, `ELU with an alpha of ${wanted.alpha}`)
    }
    case 'sigmoid': return element(layer, 'Sigmoid', 'SigmoidGrad', input, pass)
    case 'tanh': return element(layer, 'Tanh', 'TanhGrad', input, pass)
    default: return refuse(layer, `${wanted.function} in a hidden layer`)
  }
}

type Forward = 'Relu' | 'Relu6' | 'Elu' | 'Sigmoid' | 'Tanh'
type Backward = 'ReluGrad' | 'Relu6Grad' | 'EluGrad' | 'SigmoidGrad' | 'TanhGrad'

/** All of these have a gradient that follows from what they gave, so what they read need not be kept. */
function element (layer: Layer, op: Forward, gradientOp: Backward, input: Value, pass: Pass): Differentiable {
  const { name } = layer
  const { type } = input
  const step = pass.steps.unary(name, op, input.step, type)
  return {
    value: { ...input, step },
    backward: (gradient) => {
      const inputs = gradientOp === 'SigmoidGrad' || gradientOp === 'TanhGrad' ? [step, gradient] : [gradient, step]
      pass.handBack(layer, type, () => pass.steps.add(`${name}/by_input`, type, inputs, { op: gradientOp }))
    }
  }
}
