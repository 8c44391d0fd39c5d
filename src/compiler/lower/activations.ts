import type { Activation } from '../../model/network.js'
import type { Precision } from '../precision.js'
import type { StepList } from '../steps.js'

/** The non-linearity of `input`, element by element (softmax: over the last dimension). Returns the last step. */
export function activation (name: string, input: string, wanted: Activation, type: Precision, steps: StepList): string {
  switch (wanted.function) {
    case 'sigmoid': return steps.unary(name, 'Sigmoid', input, type)
    case 'softmax': return steps.unary(name, 'Softmax', input, type)
    case 'tanh': return steps.unary(name, 'Tanh', input, type)
    case 'silu': return steps.binary(name, 'Mul', input, steps.unary(`${name}/sigmoid`, 'Sigmoid', input, type), type)
    case 'relu': return relu(name, input, wanted.maximum, type, steps)
    case 'leakyRelu': return steps.add(name, type, [input], { op: 'LeakyRelu', slope: wanted.slope })
    case 'selu': return inFloat32(name, input, type, steps, (value) => steps.unary(`${name}/selu`, 'Selu', value, 'float32'))
    case 'softplus': return inFloat32(name, input, type, steps, (value) => steps.unary(`${name}/softplus`, 'Softplus', value, 'float32'))
    case 'softsign': return inFloat32(name, input, type, steps, (value) => steps.unary(`${name}/softsign`, 'Softsign', value, 'float32'))
    case 'exponential': return inFloat32(name, input, type, steps, (value) => steps.unary(`${name}/exp`, 'Exp', value, 'float32'))
    case 'mish': return inFloat32(name, input, type, steps, (value) => {
      const softplus = steps.unary(`${name}/softplus`, 'Softplus', value, 'float32')
      return steps.binary(`${name}/mish`, 'Mul', value, steps.unary(`${name}/tanh`, 'Tanh', softplus, 'float32'), 'float32')
    })
    case 'elu': return elu(name, input, wanted.alpha, type, steps)
    case 'gelu': return gelu(name, input, wanted.approximate, type, steps)
    case 'hardSigmoid': return hardSigmoid(name, input, wanted.slope, type, steps)
    case 'hardSwish': return steps.binary(name, 'Mul', input, hardSigmoid(`${name}/gate`, input, wanted.slope, type, steps), type)
  }
}

/** What is not known to have kernels for every type, and what loses too much in bfloat16. */
export function inFloat32 (name: string, input: string, type: Precision, steps: StepList, make: (value: string) => string): string {
  if (type === 'float32') return make(input)
  return steps.cast(name, make(steps.cast(`${name}/float32`, input, type, 'float32')), 'float32', type)
}

function relu (name: string, input: string, maximum: number | undefined, type: Precision, steps: StepList): string {
  if (maximum === undefined) return steps.unary(name, 'Relu', input, type)
  if (maximum === 6) return steps.unary(name, 'Relu6', input, type)
  return steps.withNumber(name, 'Minimum', steps.unary(`${name}/relu`, 'Relu', input, type), maximum, type)
}

/** TensorFlow's op has an alpha of 1: others scale its negative half, which reads what is left of the input without its positive half. */
function elu (name: string, input: string, alpha: number, type: Precision, steps: StepList): string {
  if (alpha === 1) return steps.unary(name, 'Elu', input, type)
  const positive = steps.unary(`${name}/positive`, 'Relu', input, type)
  const negative = steps.binary(`${name}/negative`, 'Sub', input, positive, type)
  const scaled = steps.withNumber(`${name}/scaled`, 'Mul', steps.unary(`${name}/elu`, 'Elu', negative, type), alpha, type)
  return steps.binary(name, 'AddV2', positive, scaled, type)
}

/** x * (0.5 + 0.5 * erf(x / sqrt(2))), or tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)) in the place of erf (arXiv 1606.08415, section 2). */
function gelu (name: string, input: string, approximate: boolean, type: Precision, steps: StepList): string {
  const times = (suffix: string, of: string, factor: number): string => steps.withNumber(`${name}/${suffix}`, 'Mul', of, factor, type)
  const bent = (): string => {
    if (!approximate) return steps.unary(`${name}/erf`, 'Erf', times('scaled', input, Math.SQRT1_2), type)
    const cubic = times('cubic', steps.binary(`${name}/square`, 'Mul', input, input, type), 0.044715)
    const inner = steps.binary(`${name}/inner`, 'Mul', input, steps.withNumber(`${name}/slope`, 'AddV2', cubic, 1, type), type)
    return steps.unary(`${name}/tanh`, 'Tanh', times('scaled', inner, Math.sqrt(2 / Math.PI)), type)
  }
  const share = steps.withNumber(`${name}/share`, 'AddV2', times('half', bent(), 0.5), 0.5, type)
  return steps.binary(name, 'Mul', input, share, type)
}

/**
 * slope * x + 0.5 between 0 and 1. Divided by, since 5 and 6 are exact in bfloat16 and 0.2 and 1 / 6 are not: an error that all
 * numbers have alike would grow from layer to layer.
 */
function hardSigmoid (name: string, input: string, slope: number, type: Precision, steps: StepList): string {
  if (6 * slope === 1) {
    const bounded = steps.unary(`${name}/bounded`, 'Relu6', steps.withNumber(`${name}/centred`, 'AddV2', input, 3, type), type)
    return steps.withNumber(name, 'RealDiv', bounded, 6, type)
  }
  const line = steps.withNumber(`${name}/line`, 'AddV2', steps.withNumber(`${name}/slope`, 'RealDiv', input, 1 / slope, type), 0.5, type)
  return steps.withNumber(name, 'Minimum', steps.unary(`${name}/positive`, 'Relu', line, type), 1, type)
}
