import { readConfig } from '../../src/config.js'
import { serve } from '../../src/server.js'

/* The real server with a worker that fails when its images say so. */

await serve(readConfig(process.env), { workerFile: new URL('./misbehaving-worker.js', import.meta.url) })
