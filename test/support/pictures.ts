import type { Random } from '../../src/base/random.js'

/** Bytes of a picture of smooth waves, [side, side, channels], so that pictures differ after pooling too. */
export function wavyPicture (side: number, channels: number, random: Random): Uint8Array<ArrayBuffer> {
  const waves = Array.from({ length: channels }, () => (
    { x: random.uniform(0, 0.5), y: random.uniform(0, 0.5), phase: random.uniform(0, 6), mean: random.uniform(60, 190) }
  ))
  return Uint8Array.from({ length: side * side * channels }, (_, index) => {
    const { x, y, phase, mean } = waves[index % channels] ?? { x: 0, y: 0, phase: 0, mean: 0 }
    const pixel = Math.floor(index / channels)
    return Math.max(0, Math.min(255, mean + 60 * Math.sin(x * (pixel % side) + y * Math.floor(pixel / side) + phase)))
  })
}
