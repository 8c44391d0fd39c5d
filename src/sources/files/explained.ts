import { OperatorError } from '../../base/errors.js'
import { UnreadableError, isNotThere, unreadable } from '../../base/existing.js'
import { WeightsError } from '../../model/weights.js'

/** Reasons may quote the file, and a damaged one has anything for a name. */
const MAX_REASON_LENGTH = 500

const OUT_OF_DESCRIPTORS = new Set(['EMFILE', 'ENFILE'])

/**
 * Runs a step that writes below `folder`, which `setting` names. What the system refuses becomes a WeightsError that blames
 * the folder, and not the model that is read.
 */
export async function writingTo<T> (folder: string, setting: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === undefined || syscall === undefined || OUT_OF_DESCRIPTORS.has(code)) throw error
    const problem = code === 'ENOSPC' || code === 'EDQUOT' ? 'is full' : 'cannot be written'
    throw new WeightsError(`The folder for temporary files, ${folder}, ${problem} (${code}): free it, or name another one with ${setting}.`)
  }
}

/**
 * Runs a step of reading `path`. An OperatorError, which says what is wrong inside, becomes a WeightsError of one sentence: the path,
 * `what` is wrong ("is not a whole safetensors file"), and the reason. What the system refuses becomes an UnreadableError; a defect stays
 * one.
 */
export async function explained<T> (path: string, what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof WeightsError || error instanceof UnreadableError) throw error
    // Where a part is missing, `what` says more.
    if (!(error instanceof OperatorError || isNotThere(error))) throw unreadable(path, error)
    const reason = (error as Error).message.replaceAll(/\p{Cc}+/gu, ' ').slice(0, MAX_REASON_LENGTH)
    throw new WeightsError(`${path} ${what}: ${reason}`, { cause: error })
  }
}
