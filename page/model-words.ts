import type { Input } from '../src/contract/models.js'

/** How a picture becomes what the network computes with, in sentences. */
export function inputInWords (input: Input): string {
  return [fitInWords(input), coloursInWords(input)].join(' ')
}

function fitInWords ({ fit, cropFraction, size, kernel }: Input): string {
  const square = `${size.value} × ${size.value} pixels (${kernel.value} resampling)`
  if (fit.value === 'fill') return `The whole picture, turned upright, is squeezed to ${square}.`
  const share = cropFraction === 1 ? '' : `, ${Number((cropFraction * 100).toFixed(1))}% of the shorter side,`
  return `The picture is turned upright, and its central square${share} becomes ${square}.`
}

function coloursInWords ({ channels, rescaling: { value: { scale, offset, order } } }: Input): string {
  const what = channels === 1 ? 'Each grey value' : `Each ${order === 'bgr' ? 'blue, green and red' : 'red, green and blue'} value`
  return `${what} from 0 to 255 then becomes value × ${numbers(scale)}${added(offset)}.`
}

function numbers (value: number | readonly number[]): string {
  return [value].flat().map((one) => String(Number(one.toPrecision(4)))).join(' / ')
}

function added (offset: number | readonly number[]): string {
  const values = [offset].flat()
  if (values.every((value) => value === 0)) return ''
  return values.every((value) => value <= 0) ? ` − ${numbers(values.map((value) => -value))}` : ` + ${numbers(offset)}`
}
