import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Random } from '../../src/base/random.js'
import { compile } from '../../src/compiler/index.js'
import { totalCounts } from '../../src/model/counts.js'
import type { Network } from '../../src/model/network.js'
import { parsePreset, presetNames, presetNetwork } from '../../src/model/presets/index.js'
import { randomWeights } from '../../src/model/random-weights.js'
import type { Tensor, Weights } from '../../src/model/weights.js'
import { loadCompiled } from '../support/compiled-network.js'
import { wavyPicture } from '../support/pictures.js'
import {
  referenceInput, referenceLayer, referenceProbabilities, referenceValues, type FeatureMap
} from '../support/reference-network.js'

const MOST_PARAMETERS = 5_000_000
const CLASSES = 4
const TOLERANCE = 1e-5
/** Share of what the answers differ by from picture to picture; the rounding of float32 alone makes up to a tenth of this. */
const SHARE_OF_SPREAD = 0.005
const LEAST_SPREAD = 0.05
/** Share of a channel's mean square: what divides by less enlarges the rounding with the pictures' differences. */
const LEAST_VARIANCE = 0.1
/** Large enough for coarsest grids of several pixels. */
const SIZE = 107

const small = (name: string): Network =>
  presetNetwork(parsePreset(`${name}?width=0.07&size=${SIZE}&classes=${CLASSES}`), { scale: 1 / 127.5, offset: -1 })

const pictures = ({ input: { side, channels } }: Network): Array<Uint8Array<ArrayBuffer>> => {
  const random = new Random(5)
  return [wavyPicture(side, channels, random), wavyPicture(side, channels, random)]
}

async function compiledProbabilities (network: Network, weights: Weights, images: readonly Uint8Array[]): Promise<number[][]> {
  const { side, channels } = network.input
  const compiled = await loadCompiled(compile({ network, weights, precision: 'float32', ownKernels: false }), [side, channels])
  const all = [...compiled.run({ images }).probabilities?.data ?? []]
  compiled.dispose()
  return images.map((_, index) => all.slice(index * CLASSES, (index + 1) * CLASSES))
}

/**
 * The weights with batch statistics taken from the pictures, as training leaves them, and what the network answers with them: without,
 * a deep stack makes all pictures alike, and an equality that a constant passes proves nothing.
 */
function enlivened (network: Network, weights: Weights, images: readonly Uint8Array[]): { weights: Weights, answers: number[][] } {
  const lively = new Map(weights)
  const values = new Map<string, readonly FeatureMap[]>()
  for (const layer of network.layers) {
    const inputs = layer.inputs.map((name) => values.get(name) ?? [])
    if (layer.operation.kind === 'batchNormalization') {
      for (const [role, data] of Object.entries(statisticsOf(inputs[0] ?? []))) {
        lively.set(`${layer.name}/${role}`, { shape: [data.length], data })
      }
    }
    values.set(layer.name, images.map((image, index) => layer.operation.kind === 'input'
      ? referenceInput(network, image)
      : referenceLayer(layer, inputs.flatMap((maps) => maps[index] ?? []), lively)))
  }
  const answers = values.get(network.layers.at(-1)?.name ?? '') ?? []
  return { weights: lively, answers: answers.map(({ data }) => [...data]) }
}

function statisticsOf (maps: readonly FeatureMap[]): { moving_mean: Float32Array, moving_variance: Float32Array } {
  const channels = maps[0]?.channels ?? 0
  const ofChannel = (channel: number): number[] => maps.flatMap(({ data }) =>
    Array.from({ length: data.length / channels }, (_, at) => data[at * channels + channel] ?? NaN))
  const mean = (numbers: readonly number[]): number => numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  const all = Array.from({ length: channels }, (_, channel) => ofChannel(channel))
  return {
    moving_mean: Float32Array.from(all, mean),
    moving_variance: Float32Array.from(all, (numbers) => {
      const meanSquare = mean(numbers.map((value) => value ** 2))
      return Math.max(meanSquare - mean(numbers) ** 2, LEAST_VARIANCE * meanSquare)
    })
  }
}

const largestDifference = (left: readonly number[], right: readonly number[]): number =>
  Math.max(...left.map((value, index) => Math.abs(value - (right[index] ?? NaN))))

suite('every preset, small, compiled, is what a naive evaluation in float64 gives', () => {
  for (const name of [...presetNames(), 'inception-segments-5']) {
    const network = small(name)
    const images = pictures(network)

    test(`${name}, with the weights that are served`, async () => {
      assert.ok(totalCounts(network.layers).parameters <= MOST_PARAMETERS)
      const weights = randomWeights(network)
      const expected = images.map((image) => referenceProbabilities(network, weights, image))
      assertEqual(await compiledProbabilities(network, weights, images), expected, TOLERANCE)
    })

    test(`${name}, with weights that tell the pictures apart`, async () => {
      const { weights, answers: expected } = enlivened(network, randomWeights(network), images)
      const spread = largestDifference(expected[0] ?? [], expected[1] ?? [])
      assert.ok(spread > LEAST_SPREAD, `the answers differ by ${spread} only`)
      assertEqual(await compiledProbabilities(network, weights, images), expected, spread * SHARE_OF_SPREAD)
    })
  }
})

function assertEqual (found: readonly number[][], expected: readonly number[][], tolerance: number): void {
  assert.equal(found.length, expected.length)
  found.forEach((probabilities, index) => {
    const difference = largestDifference(probabilities, expected[index] ?? [])
    assert.ok(difference < tolerance, `the answers for picture ${index} differ by ${difference}, and ${tolerance} is allowed`)
  })
}

test('random weights let no feature map die or explode, however deep the network', () => {
  for (const name of ['xception', 'xception-plain', 'inception-v3', 'inception-extreme', 'vgg-separable']) {
    const network = small(name)
    const values = referenceValues(network, randomWeights(network), pictures(network)[0] ?? new Uint8Array())
    for (const { name: layer, operation } of network.layers) {
      const data = values.get(layer)?.data ?? new Float64Array()
      const size = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length)
      if (operation.kind === 'batchNormalization') assert.ok(size > 0.1 && size < 10, `${name}, ${layer}: ${size}`)
    }
  }
})

test('towers with 1x1 convolutions of their own give what one 1x1 convolution and segments give, from the same weights', () => {
  const [towers, segments] = [small('inception-simplified'), small('inception-segments-3')]
  const ofTowers = randomWeights(towers)
  const ofSegments = new Map<string, Tensor>()
  for (const { name, shape } of segments.layers.flatMap((layer) => layer.weights)) {
    ofSegments.set(name, weightFromTowers(name, shape, ofTowers))
  }
  for (const image of pictures(towers)) {
    const expected = referenceProbabilities(towers, ofTowers, image)
    assert.ok(largestDifference(referenceProbabilities(segments, ofSegments, image), expected) < 1e-9)
  }
})

/** A weight of the segmented network: the towers' own, or those of all towers joined along their output channels. */
function weightFromTowers (name: string, shape: readonly number[], ofTowers: Weights): Tensor {
  const [, module = '', part = '', role = ''] = /^(block\d+_inception\d)_(.+)\/(\w+)$/.exec(name) ?? []
  if (module === '') return ofTowers.get(name) as Tensor
  const segment = /^segment(\d+)_3x3$/.exec(part)?.[1]
  if (segment !== undefined) return ofTowers.get(`${module}_tower${segment}_3x3/${role}`) as Tensor
  const inTower = part === 'bn' ? '3x3_bn' : part
  const parts = [1, 2, 3].map((tower) => ofTowers.get(`${module}_tower${tower}_${inTower}/${role}`) as Tensor)
  const widths = parts.map((tensor) => tensor.shape.at(-1) ?? 0)
  const rows = shape.slice(0, -1).reduce((product, side) => product * side, 1)
  const data = Array.from({ length: rows }, (_, row) => parts.flatMap((tensor, tower) => {
    const width = widths[tower] ?? 0
    return [...tensor.data.subarray(row * width, (row + 1) * width)]
  }))
  return { shape, data: Float32Array.from(data.flat()) }
}
