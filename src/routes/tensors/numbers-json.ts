import { setImmediate } from 'node:timers/promises'

/** Written in one turn of the event loop, which takes a few milliseconds. */
const SLICE_NUMBERS = 8192

/** Numbers as JSON, with commas between them and in pieces, each made in a turn of the event loop of its own. */
export async function * numbersJson (numbers: Float32Array): AsyncGenerator<string> {
  for (let start = 0; start < numbers.length; start += SLICE_NUMBERS) {
    if (start > 0) await setImmediate()
    yield `${start > 0 ? ',' : ''}${numbers.subarray(start, start + SLICE_NUMBERS).join()}`
  }
}
