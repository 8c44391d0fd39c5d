import { spawnSync } from 'node:child_process'

/** `PYTHON` names another than the one on the path. */
export const PYTHON = process.env.PYTHON ?? 'python3'

/** Why what needs these modules is left out here; undefined where it is not. */
export function whyNoModules (modules: readonly string[]): string | undefined {
  const missing = modules.filter((name) => spawnSync(PYTHON, ['-c', `import ${name}`], { stdio: 'ignore' }).status !== 0)
  return missing.length === 0 ? undefined : `${PYTHON} has no ${missing.join(' and no ')}`
}
