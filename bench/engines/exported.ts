import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packagePath } from '../../src/base/package-root.js'
import { testImages, type BenchModel } from '../network/model.js'
import { PYTHON } from '../python/packages.js'
import { encodeOnnx } from './onnx.js'
import { toChannelsFirst } from './pixels.js'

/** The network and the images for engines that are not in Node, as files. */
export interface ExportedNetwork {
  /** Path of the ONNX model. */
  readonly network: string
  /** Path of the ONNX model in int8; undefined where it was not wanted. */
  readonly quantized: string | undefined
  /** Path of float32 numbers, images of `shape` one after the other. */
  readonly pixels: string
  /** [channels, side, side] */
  readonly shape: readonly number[]
}

export interface ExportOptions {
  readonly folder: string
  readonly images: number
  /** Whether it is wanted in int8 too, for which Python needs onnx and onnxruntime. */
  readonly quantized: boolean
}

/** Writes the network that ONNX Runtime gets in Node, and the images that all engines get. */
export async function exportNetwork (
  { network, weights }: BenchModel, { folder, images, quantized }: ExportOptions
): Promise<ExportedNetwork> {
  const { side, channels, rescaling } = network.input
  const [model, int8, pixels] = ['network.onnx', 'int8.onnx', 'pixels.f32'].map((name) => join(folder, name)) as [string, string, string]
  const shape = [channels, side, side]
  await writeFile(model, encodeOnnx(network, weights))
  await writeFile(pixels, toChannelsFirst(testImages(images, side), side, rescaling))
  if (quantized) await promisify(execFile)(PYTHON, [packagePath('bench/engines/quantize.py'), model, int8, pixels, shape.join(',')])
  return { network: model, quantized: quantized ? int8 : undefined, pixels, shape }
}
