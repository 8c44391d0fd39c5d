import { OperatorError } from '../../base/errors.js'
import { sizeOf } from '../../model/weights.js'
import { Global, InertRecord, NumberStorage, StoredTensor, type StorageFormat, type Value } from './values.js'

/*
 * What pickles of PyTorch's call, by name: a few of these calls mean something here, some are passed over, and every other one is
 * refused. None is ever made.
 */

const STORAGES: ReadonlyMap<string, StorageFormat> = new Map(([
  ['Float', 'float32'], ['Half', 'float16'], ['BFloat16', 'bfloat16'], ['Double', 'float64'], ['Long', 'int64']
] as const).flatMap(([name, format]) => ['torch', 'torch.cuda'].map((module) => [`${module}.${name}Storage`, format] as const)))

const MAX_DIMENSIONS = 8

/**
 * Calls that checkpoints hold beside weights, in numbers, options and names of files; what they would give is not read.
 */
const PASSED_OVER: ReadonlySet<string> = new Set([
  'collections.defaultdict', 'collections.Counter', 'collections.deque', 'torch.device', 'torch.Size', 'torch.dtype',
  'torch.nn.backends.thnn._get_thnn_function_backend', 'numpy.core.multiarray.scalar', 'numpy.core.multiarray._reconstruct',
  'numpy._core.multiarray.scalar', 'numpy._core.multiarray._reconstruct', 'numpy.dtype', '_codecs.encode', 'pathlib.PosixPath',
  'pathlib.WindowsPath', 'pathlib.PurePosixPath', 'pathlib.PureWindowsPath', 'pathlib._local.PosixPath', 'pathlib._local.WindowsPath',
  'datetime.datetime', 'datetime.date', 'datetime.timedelta', 'builtins.set', '__builtin__.set', 'functools.partial',
  'copyreg._reconstructor', 'copy_reg._reconstructor'
])

/** What a call of a function or a class would give, as data. Throws an OperatorError that names it where it is not read. */
export function called (callee: Value, parameters: Value): Value {
  if (!(callee instanceof Global)) throw new OperatorError('its pickle calls what is no function')
  if (!Array.isArray(parameters)) throw new OperatorError(`its pickle calls ${callee.name} without a tuple`)
  switch (callee.name) {
    case 'collections.OrderedDict': case 'builtins.dict': return dictionaryOf(parameters)
    case 'torch._utils._rebuild_tensor_v2': case 'torch._utils._rebuild_tensor': return tensorOf(parameters)
    case 'torch._utils._rebuild_parameter': return parameterOf(parameters)
  }
  if (PASSED_OVER.has(callee.name)) {
    const [first] = parameters
    return new InertRecord(callee.name.endsWith('_reconstructor') && first instanceof Global ? first.name : callee.name)
  }
  throw new OperatorError(`its pickle calls ${callee.name}, which is not read`)
}

/** What a persistent identity of PyTorch's stands for: a storage, or a module's class. */
export function persistent (identity: Value): Value {
  const [kind, type, ...rest] = Array.isArray(identity) ? identity : []
  if (!(type instanceof Global)) throw new OperatorError('its pickle has a persistent identity that is not PyTorch\'s')
  if (kind === 'module') return type
  if (kind !== 'storage') throw new OperatorError(`its pickle has a persistent identity of the kind ${String(kind)}`)
  const [key, , count, view] = rest
  const format = STORAGES.get(type.name)
  if (format === undefined) {
    throw new OperatorError(`its pickle has a ${type.name}, and FloatStorage, HalfStorage, BFloat16Storage, DoubleStorage and ` +
      'LongStorage are read')
  }
  if (typeof key !== 'string' || !isCount(count)) throw new OperatorError('its pickle has a storage without key or size')
  if (view === undefined || view === null) return new NumberStorage(key, format, { count, offset: 0, total: count })
  const [, offset, viewCount] = Array.isArray(view) ? view : []
  if (!isCount(offset) || !isCount(viewCount) || offset + viewCount > count) {
    throw new OperatorError(`its storage ${key} is a view that lies outside of it`)
  }
  return new NumberStorage(key, format, { count: viewCount, offset, total: count })
}

function dictionaryOf (parameters: Value[]): Value {
  const [items = []] = parameters
  if (!Array.isArray(items)) throw new OperatorError('its pickle makes a dictionary of something else than pairs')
  return new Map(items.map((item) => {
    if (!Array.isArray(item) || item.length !== 2) throw new OperatorError('its pickle makes a dictionary of something else than pairs')
    return item as [Value, Value]
  }))
}

function parameterOf ([tensor]: Value[]): Value {
  if (!(tensor instanceof StoredTensor)) throw new OperatorError('its pickle makes a parameter of something else than a tensor')
  return tensor
}

function tensorOf ([storage, offset, shape, strides]: Value[]): Value {
  if (!(storage instanceof NumberStorage)) throw new OperatorError('its pickle makes a tensor of something else than a storage')
  if (!isCount(offset) || !areCounts(shape) || !areCounts(strides) || shape.length !== strides.length) {
    throw new OperatorError(`its pickle has a tensor in the storage ${storage.key} whose shape and strides are none`)
  }
  const count = sizeOf(shape)
  const available = storage.range.count
  const last = shape.reduce((sum, side, axis) => sum + (side - 1) * (strides[axis] ?? 0), offset)
  if (count > 0 && (last >= available || count > available)) {
    throw new OperatorError(`its pickle has a tensor of [${shape.join(', ')}] in the storage ${storage.key} of ${available} numbers`)
  }
  return new StoredTensor(storage, offset, shape, strides)
}

function areCounts (value: Value | undefined): value is number[] {
  // The length first: a pickle can name the same long list over and over.
  return Array.isArray(value) && value.length <= MAX_DIMENSIONS && value.every(isCount)
}

function isCount (value: Value | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
