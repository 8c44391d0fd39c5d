import { WeightsError } from '../weights/tensor.js'

/**
 * Runs a step of reading `path`. Whatever goes wrong becomes a WeightsError of one sentence: the path, `what` is wrong
 * ("is not a whole safetensors file"), and the reason.
 */
export async function explained<T> (path: string, what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof WeightsError) throw error
    throw new WeightsError(`${path} ${what}: ${(error as Error).message}`)
  }
}
