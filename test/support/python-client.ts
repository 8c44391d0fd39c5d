import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const TIMEOUT_MS = 5 * 60 * 1000

/** Why a test with these Python modules has to be skipped, or false where they are installed. */
export function withoutModules (...modules: readonly string[]): string | false {
  try {
    execFileSync('python3', ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' })
    return false
  } catch {
    return `${modules.join(' and ')} are not installed`
  }
}

/** Runs test/clients/NAME.py and gives the JSON that it prints. */
export async function runClient (name: string, ...options: readonly string[]): Promise<unknown> {
  const script = fileURLToPath(new URL(`../../../test/clients/${name}.py`, import.meta.url))
  const { stdout } = await promisify(execFile)('python3', [script, ...options], { timeout: TIMEOUT_MS })
  return JSON.parse(stdout)
}
