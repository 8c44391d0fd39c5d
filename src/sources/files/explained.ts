import { WeightsError } from '../../model/weights.js'

/** Reasons may quote the file, and a damaged one has anything for a name. */
const MAX_REASON_LENGTH = 500

/**
 * Runs a step of reading `path`. Whatever goes wrong becomes a WeightsError of one sentence: the path, `what` is wrong
 * ("is not a whole safetensors file"), and the reason.
 */
export async function explained<T> (path: string, what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof WeightsError) throw error
    const reason = (error as Error).message.replaceAll(/\p{Cc}+/gu, ' ').slice(0, MAX_REASON_LENGTH)
    throw new WeightsError(`${path} ${what}: ${reason}`)
  }
}
