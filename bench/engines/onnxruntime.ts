import { createRequire } from 'node:module'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { BenchModel } from '../network/model.js'
import { encodeOnnx, INPUT_NAME, OUTPUT_NAME } from './onnx.js'
import { toChannelsFirst } from './pixels.js'
import type { BenchEngine, EngineOptions } from './engine.js'

/** onnxruntime-node with all its graph optimizations, on rescaled NCHW pixels. */
export async function startOnnxRuntime ({ network, weights }: BenchModel, { threads }: EngineOptions): Promise<BenchEngine> {
  const session = await InferenceSession.create(encodeOnnx(network, weights), {
    intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all'
  })
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
  const { side: inputSize, rescaling } = network.input
  return {
    version: `ONNX Runtime ${version}`,
    prepare: (images) => {
      const pixels = new Tensor('float32', toChannelsFirst(images, inputSize, rescaling), [images.length, 3, inputSize, inputSize])
      return async () => {
        const { [OUTPUT_NAME]: probabilities } = await session.run({ [INPUT_NAME]: pixels })
        return probabilities?.data as Float32Array
      }
    },
    close: () => session.release()
  }
}
