#!/usr/bin/env node
// Applies every kustomization to a real Kubernetes API server: npm run test:kube. The first run builds the control plane,
// which takes minutes and needs Go; later ones take one.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { asCommand, setup } from './setup.mjs'
import { SetupError } from './setup/errors.mjs'

const at = path => fileURLToPath(new URL(`../${path}`, import.meta.url))
const KUBE = at('../shared/kube')

function run (...command) {
  const { status, error } = spawnSync(command[0], command.slice(1), { stdio: 'inherit' })
  const reason = error === undefined ? '' : `: ${error.message}`
  if (error !== undefined || status !== 0) throw new SetupError(`${command.join(' ')} failed${reason}`)
}

await asCommand(async () => {
  if (!existsSync(KUBE)) throw new SetupError('../shared/kube is not there: it builds and starts the control plane.')
  await setup({ development: true, quiet: true })
  run('bash', `${KUBE}/build.sh`)
  run('bash', `${KUBE}/up.sh`, process.execPath, '--test', at('dist/test/k8s/api-server.js'))
})
