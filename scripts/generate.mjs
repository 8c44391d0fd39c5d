#!/usr/bin/env node
// Writes everything anew that is made from something else in this repository; where nothing changed, nothing does.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { asCommand, setup } from './setup.mjs'
import { SetupError } from './setup/errors.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The programs, and what each writes. */
const GENERATORS = {
  'scripts/readme-settings.mjs': 'the table of settings in README.md',
  'scripts/prometheus-rule.mjs': 'k8s/components/prometheus-operator/prometheusrule.yaml, from monitoring/rules',
  'dist/docs/generate/family/index.js': 'tables and figures of docs/family.md, from the presets and bench/results/family.json',
  'dist/docs/generate/performance.js': 'tables of docs/performance.md, docs/reliability.md and README.md, from bench/results'
}

await asCommand(async () => {
  await setup({ development: true, quiet: true })
  for (const [program, what] of Object.entries(GENERATORS)) {
    const { status } = spawnSync(process.execPath, [program], { cwd: ROOT, stdio: 'inherit' })
    if (status !== 0) throw new SetupError(`${program} failed, which writes ${what}: see above.`)
    process.stdout.write(`${what}\n`)
  }
})
