#!/usr/bin/env node
// Compiles into dist whatever changes, until it is ended.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { asCommand, setup } from './setup.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

await asCommand(() => setup({ development: true, sources: false, quiet: true }))
const compilers = ['tsconfig.json', 'page/tsconfig.build.json', 'page/tsconfig.json'].map(project => spawn(process.execPath, [
  'node_modules/@typescript/native/bin/tsc', '-p', project, '--watch', '--preserveWatchOutput'
  // Groups of their own: what runs as tsc is the child of what is started here.
], { cwd: ROOT, detached: true, stdio: ['ignore', 'inherit', 'inherit'] }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const { pid } of compilers) {
      if (pid !== undefined) process.kill(-pid, 'SIGTERM')
    }
  })
}
