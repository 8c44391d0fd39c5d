#!/usr/bin/env node
// One process sets up and then becomes the server: a shell or a parent in between would swallow signals.
import { asCommand, setup } from './setup.mjs'

await asCommand(() => setup({ quiet: true }))
await import('../dist/src/main.js')
