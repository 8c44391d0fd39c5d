import { refuse } from '../keras/refusal.js'
import type { GraphOp } from '../files/index.js'

export type Sides = [height: number, width: number]

export interface Window {
  readonly kernel: Sides
  readonly strides: Sides
  readonly dilation: Sides
  readonly padding: 'valid' | 'same' | 'explicit'
}

/** Height and width of an attribute that has a number for each of four dimensions. Throws a WeightsError if it is of others. */
export function sidesOf ({ name, op, attributes }: GraphOp, attribute: string): Sides {
  const [batch = 1, height = 1, width = 1, channels = 1] = attributes[attribute]?.list?.integers ?? []
  if (batch !== 1 || channels !== 1) refuse({ name, className: op }, `has ${attribute} along other dimensions than height and width`)
  return [height, width]
}

/** Throws a WeightsError where it is none that TensorFlow has. */
export function paddingOf ({ name, op, attributes }: GraphOp): Window['padding'] {
  const text = Buffer.from(attributes.padding?.text ?? []).toString('latin1').toLowerCase()
  if (text === 'valid' || text === 'same' || text === 'explicit') return text
  return refuse({ name, className: op }, `has the padding ${JSON.stringify(text)}`)
}

/** [[top, bottom], [left, right]] of a convolution that states them. */
export function explicitPadding ({ attributes }: GraphOp): number[][] {
  const [, , top = 0, bottom = 0, left = 0, right = 0] = attributes.explicit_paddings?.list?.integers ?? []
  return [[top, bottom], [left, right]]
}
