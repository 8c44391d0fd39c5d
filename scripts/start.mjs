#!/usr/bin/env node
// One process sets up and then becomes the server: a shell or a parent in between would swallow signals.
import { asCommand, setup } from './setup.mjs'

// SIGHUP asks a service to load its model again, and never ends it.
await asCommand(() => setup({ development: false, quiet: true, hangUp: false }))
await import('#compiled/main.js')
