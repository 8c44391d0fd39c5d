#!/usr/bin/env node
require('../scripts/thread-pool.cjs')

const serves = process.argv[2] === 'serve'
if (serves) require('../scripts/signals.cjs')

async function run () {
  const { asCommand, setup } = await import('../scripts/setup.mjs')
  await asCommand(() => setup({ development: false, quiet: true, hangUp: !serves }))
  await import('../dist/src/cli/index.js')
}

run()
