#!/usr/bin/env node
require('../scripts/thread-pool.cjs')

async function run () {
  const { asCommand, setup } = await import('../scripts/setup.mjs')
  await asCommand(() => setup({ quiet: true }))
  await import('../dist/src/cli/index.js')
}

run()
