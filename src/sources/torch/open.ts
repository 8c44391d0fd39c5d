import { OperatorError } from '../../base/errors.js'
import { sizeOf } from '../../model/weights.js'
import { explained } from '../files/explained.js'
import { MAX_TOTAL_BYTES } from '../files/limits.js'
import type { StoredModel } from '../files/stored.js'
import { openTorchStream, openTorchZip, type TorchFile } from './container.js'
import { readTensor } from './numbers.js'
import { stateOf } from './state.js'

const NOT_READ = 'is no PyTorch file that can be read'
const FLOAT32_BYTES = 4

/**
 * Opens what `torch.save` wrote: a state dictionary, a checkpoint that has one, or a whole module, of which the weights are read and
 * nothing is executed. Throws a WeightsError of one sentence that names what is not read.
 */
export async function openTorch (path: string, container: 'torch-zip' | 'torch-stream'): Promise<StoredModel> {
  const file = await explained(path, NOT_READ, () => container === 'torch-zip' ? openTorchZip(path) : openTorchStream(path))
  try {
    return await explained(path, NOT_READ, async () => storedModel(path, file))
  } catch (error) {
    await file.close()
    throw error
  }
}

function storedModel (path: string, file: TorchFile): StoredModel {
  const { tensors, moduleClass } = stateOf(file.value)
  const bytes = [...tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape) * FLOAT32_BYTES, 0)
  if (bytes > MAX_TOTAL_BYTES) throw new OperatorError(`its weights have ${bytes} bytes, and ${MAX_TOTAL_BYTES} are the most that is read`)
  const weights = Array.from(tensors, ([name, tensor]) => ({
    name, shape: tensor.shape, read: () => explained(path, NOT_READ, () => readTensor(file, tensor))
  }))
  return {
    kind: 'torch',
    config: undefined,
    kerasVersion: undefined,
    layers: [{ path: '', weights }],
    ...moduleClass === undefined ? {} : { moduleClass },
    close: () => file.close()
  }
}
