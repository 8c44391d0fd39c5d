import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A path below the folder of package.json, the same from sources and from compiled files. */
export function packagePath (path: string): string {
  const here = dirname(fileURLToPath(import.meta.url))
  return join(here.slice(0, here.lastIndexOf('/dist/') + 1) || resolve(here, '../..'), path)
}
