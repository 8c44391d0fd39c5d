import { readConfig } from '../../src/config.js'
import { serve } from '../../src/server.js'

/* The real server with a worker to which every picture is a cat. */

await serve(readConfig(process.env), { workerFile: new URL('./cat-worker.js', import.meta.url) })
