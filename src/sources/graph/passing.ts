import { TYPES, type GraphOp } from '../files/index.js'

const PASSING = new Set([
  'Identity', 'IdentityN', 'StopGradient', 'PreventGradient', 'CheckNumerics', 'Snapshot', 'EnsureShape', 'PlaceholderWithDefault'
])
const FLOATS: ReadonlySet<number | undefined> = new Set([TYPES.float32, TYPES.float64, TYPES.float16, TYPES.bfloat16])

/** Whether an operation gives what it reads first: a conversion to numbers with a fraction does, too. */
export function passesOn ({ op, attributes }: GraphOp): boolean {
  return PASSING.has(op) || (op === 'Cast' && FLOATS.has(attributes.DstT?.type))
}
