import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeSavedModel, type SavedModel } from '../../src/compiler/index.js'
import { SERVING_SIGNATURE, SERVING_TAG } from '../../src/compiler/messages.js'
import { INPUTS, WANTABLE, type Wantable } from '../../src/compiler/signature.js'
import { kernelsAddon } from '../../src/engine/kernels.js'
import type { TensorFlow } from '../../src/engine/tensorflow.js'

/** One run's images, as bytes or as values [side, side, channels] after rescaling, and what is wanted beside the probabilities. */
export interface Feed {
  readonly images?: readonly Uint8Array[]
  readonly values?: readonly Float32Array[]
  readonly wanted?: readonly Wantable[]
  /** How many classes' maps are wanted. */
  readonly mapCount?: number
}

export interface Output { readonly shape: readonly number[], readonly data: Float32Array }

export interface CompiledNetwork {
  run (feed: Feed): Readonly<Record<string, Output>>
  dispose (): void
}

type InputSize = readonly [side: number, channels: number] | readonly [height: number, width: number, channels: number]

/** Loads a SavedModel into TensorFlow in this process, on the CPU, for inputs of [side, side, channels]. */
export async function loadCompiled (savedModel: SavedModel, size: InputSize): Promise<CompiledNetwork> {
  const { loadSavedModel, tf } = await loadTensorFlow()
  const shape = size.length === 2 ? [size[0], ...size] : size
  const folder = await mkdtemp(join(tmpdir(), 'xception-test-'))
  try {
    await writeSavedModel(folder, savedModel)
    const model = await loadSavedModel(folder, [SERVING_TAG], SERVING_SIGNATURE)
    return {
      run: ({ images = [], values = [], wanted = [], mapCount = 0 }) => {
        const all = Float32Array.from(values.flatMap((image) => [...image]))
        const feeds = {
          [INPUTS.images]: tf.tensor1d(images as unknown as string[], 'string'),
          [INPUTS.values]: tf.tensor(all, [values.length, ...shape]),
          [INPUTS.wanted]: tf.tensor1d(WANTABLE.map((name) => wanted.includes(name)), 'bool'),
          [INPUTS.mapCount]: tf.scalar(mapCount, 'int32'),
          [INPUTS.fromValues]: tf.scalar(values.length > 0, 'bool')
        }
        const outputs = model.predict(feeds) as TensorFlow.NamedTensorMap
        const read = Object.entries(outputs).map(([name, tensor]) => [name, { shape: tensor.shape, data: tensor.dataSync<'float32'>() }])
        tf.dispose([feeds, outputs])
        return Object.fromEntries(read) as Record<string, Output>
      },
      dispose: () => model.dispose()
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The engine's, with its kernels. */
async function loadTensorFlow (): Promise<typeof import('../../src/engine/tensorflow.js')> {
  process.env.CUDA_VISIBLE_DEVICES = '-1'
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2'
  const loaded = await import('../../src/engine/tensorflow.js')
  const addon = kernelsAddon()
  if (addon !== undefined) createRequire(import.meta.url)(addon)
  return loaded
}
