import { OperatorError } from '../../base/errors.js'
import { MAX_WEIGHTS } from '../files/limits.js'
import { InertRecord, StoredTensor, type Dictionary, type Value } from './values.js'

/** Where checkpoints keep the weights, the likeliest first. */
const STATE_KEYS = ['state_dict', 'model', 'net', 'model_state_dict']
/** Checkpoints in checkpoints. */
const MAX_NESTING = 4
const MAX_MODULE_DEPTH = 32
const MAX_MODULES = 10_000

/** The weights of a file by their names, and how they were kept. */
export interface State {
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** Class of the module that was pickled whole, where one was. */
  readonly moduleClass?: string
}

/**
 * Finds the weights in what `torch.save` was given: a state dictionary, a checkpoint that has one, or a module. What else a
 * checkpoint has is passed over. Throws an OperatorError that says what was found.
 */
export function stateOf (value: Value, nesting = 0): State {
  if (value instanceof InertRecord) return { tensors: tensorsOfModule(value), moduleClass: value.className }
  if (!(value instanceof Map)) throw new OperatorError(`it holds ${described(value)}, and no state dictionary`)
  const tensors = tensorsOf(value)
  if (tensors.size > 0) return { tensors }
  for (const key of STATE_KEYS) {
    const inner = value.get(key)
    if (nesting < MAX_NESTING && (inner instanceof Map || inner instanceof InertRecord)) return stateOf(inner, nesting + 1)
  }
  const names = [...value.keys()].filter((key) => typeof key === 'string').slice(0, 8)
  throw new OperatorError(`it holds a dictionary without weights: expected ${STATE_KEYS.join(', ')} among its keys, found ` +
    `${names.join(', ') || 'none'}`)
}

function tensorsOf (dictionary: Dictionary): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>()
  for (const [name, value] of dictionary) if (typeof name === 'string' && value instanceof StoredTensor) addTensor(tensors, name, value)
  return tensors
}

/** Of a module's record, its parameters, its buffers and the modules in it are read, and nothing else. */
function tensorsOfModule (module: InertRecord): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>()
  let modules = 0
  const walk = (record: InertRecord, prefix: string, depth: number): void => {
    if (depth > MAX_MODULE_DEPTH || ++modules > MAX_MODULES) throw new OperatorError('it holds modules in modules without end')
    for (const part of ['_parameters', '_buffers']) {
      for (const [name, value] of partOf(record, part)) {
        if (value instanceof StoredTensor) addTensor(tensors, `${prefix}${String(name)}`, value)
      }
    }
    for (const [name, value] of partOf(record, '_modules')) {
      if (value instanceof InertRecord) walk(value, `${prefix}${String(name)}.`, depth + 1)
    }
  }
  walk(module, '', 0)
  if (tensors.size === 0) throw new OperatorError(`it holds an object of the class ${module.className}, without weights`)
  return tensors
}

function partOf ({ state }: InertRecord, part: string): Dictionary {
  const found = state instanceof Map ? state.get(part) : undefined
  return found instanceof Map ? found : new Map()
}

function addTensor (tensors: Map<string, StoredTensor>, name: string, tensor: StoredTensor): void {
  if (tensors.size >= MAX_WEIGHTS) throw new OperatorError(`it has more than ${MAX_WEIGHTS} weights`)
  tensors.set(name, tensor)
}

function described (value: Value): string {
  if (value instanceof StoredTensor) return 'a single tensor'
  if (Array.isArray(value)) return 'a list'
  return value === null ? 'nothing' : `a ${typeof value}`
}
