#!/usr/bin/env node
// Compiles into dist whatever changes, until it is ended.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { asCommand, setup } from './setup.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

await asCommand(() => setup({ development: true, sources: false, quiet: true }))
const compilers = ['tsconfig.json', 'page/tsconfig.build.json', 'page/tsconfig.json'].map(project => spawn(process.execPath, [
  'node_modules/@typescript/native/bin/tsc', '-p', project, '--watch', '--preserveWatchOutput'
], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => { for (const compiler of compilers) compiler.kill(signal) })
}
