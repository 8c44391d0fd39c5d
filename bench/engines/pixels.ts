import type { Rescaling } from '../../src/model/input.js'

type Images = ReadonlyArray<Uint8Array<ArrayBuffer>>

/** RGB bytes to rescaled [batch, size, size, 3] numbers. */
export function toChannelsLast (images: Images, size: number, rescaling: Rescaling): Float32Array {
  return rescaled(images, size, rescaling, (pixel, channel) => pixel * 3 + channel)
}

/** RGB bytes to rescaled [batch, 3, size, size] numbers. */
export function toChannelsFirst (images: Images, size: number, rescaling: Rescaling): Float32Array {
  return rescaled(images, size, rescaling, (pixel, channel) => channel * size * size + pixel)
}

/** One number for each of the three channels. */
export function perChannel (value: Rescaling['scale']): readonly number[] {
  return typeof value === 'number' ? [value, value, value] : value
}

type Target = (pixel: number, channel: number) => number

function rescaled (images: Images, size: number, { scale, offset }: Rescaling, target: Target): Float32Array {
  const [scales, offsets] = [perChannel(scale), perChannel(offset)]
  const imageSize = size * size * 3
  const numbers = new Float32Array(images.length * imageSize)
  images.forEach((image, index) => {
    for (let channel = 0; channel < 3; channel++) {
      const [factor, shift] = [scales[channel] as number, offsets[channel] as number]
      for (let pixel = 0; pixel < size * size; pixel++) {
        numbers[index * imageSize + target(pixel, channel)] = (image[pixel * 3 + channel] as number) * factor + shift
      }
    }
  })
  return numbers
}
