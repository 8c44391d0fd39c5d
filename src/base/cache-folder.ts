import { userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'

/**
 * Below $XDG_CACHE_HOME, which the XDG Base Directory Specification says to ignore where it is empty or relative, or the home
 * folder. Empty where there is neither.
 */
export function defaultCacheFolder ({ XDG_CACHE_HOME: xdgCacheHome, HOME: home }: Readonly<Record<string, string | undefined>>): string {
  if (xdgCacheHome !== undefined && isAbsolute(xdgCacheHome)) return join(xdgCacheHome, 'xception-serve')
  const folder = home !== undefined && isAbsolute(home) ? home : usersHome()
  return folder === undefined ? '' : join(folder, '.cache', 'xception-serve')
}

/** What the system knows of the user's home folder; undefined where it knows of none. */
function usersHome (): string | undefined {
  try {
    const { homedir } = userInfo()
    return isAbsolute(homedir) ? homedir : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SYSTEM_ERROR') throw error
    return undefined
  }
}
