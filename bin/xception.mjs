#!/usr/bin/env node
import { asCommand, setup } from '../scripts/setup.mjs'

await asCommand(() => setup({ quiet: true }))
await import('../dist/src/cli/index.js')
