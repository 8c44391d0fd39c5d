import { readFileSync } from 'node:fs'
import { packagePath } from './package-root.js'

/** The service's own, from package.json. */
export const SERVICE_VERSION = (JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as { version: string }).version
