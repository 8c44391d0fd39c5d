import { WeightsError } from '../../model/weights.js'
import type { StoredModel } from '../files/index.js'
import type { RecognizedModel } from '../keras/index.js'

/** What to do with a module of an unknown architecture. */
const SAVE_WEIGHTS = 'save its weights in Python with model = torch.load(path, weights_only=False), then ' +
  "torch.save(model.state_dict(), 'model.pth')"

/**
 * Tells one of PyTorch's Xceptions by the names and shapes of its weights. Rejects with a WeightsError of one sentence that says what is
 * supported where it is none of them.
 */
export async function recognizeTorch ({ moduleClass, layers }: StoredModel): Promise<RecognizedModel> {
  const names = layers.flatMap(({ weights }) => weights.map(({ name }) => name))
  const origin = moduleClass === undefined ? '' : `: it holds a whole ${moduleClass}; ${SAVE_WEIGHTS}`
  throw new WeightsError(`its weights (${names.slice(0, 3).join(', ')} ...) are those of no network of PyTorch's that is known${origin}`)
}
