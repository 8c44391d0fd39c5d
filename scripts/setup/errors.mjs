/** A failure the user can mend: its message is one sentence that says what is missing and how to get it. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError'
}

/**
 * Says what a failed system call means for the user, where that can be said in a sentence.
 *
 * @param {unknown} error what a step threw
 * @param {string} folder where the step was writing
 * @returns {unknown} a SetupError, or the error itself when it is not understood
 */
export function explain (error, folder) {
  const { code, path = folder } = /** @type {NodeJS.ErrnoException} */ (error ?? {})
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new SetupError(`The disk that holds ${folder} is full: free some space, or point XDG_CACHE_HOME at another disk.`)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      // What is not below it is part of the clone, which has one place.
      return new SetupError(`${path} cannot be written (${code}): give this user write access` +
        (path.startsWith(folder) ? ', or point XDG_CACHE_HOME at a folder that has it.' : '.'))
    default:
      return error
  }
}
