// Usage: compile-bundled.mjs BACKEND...: puts the default model's compiled graphs into MODEL_CACHE_DIR, for an image to hold.
import { readConfig } from '../../dist/src/config.js'
import { compileCached } from '../../dist/src/compiler/cache.js'
import { openModel } from '../../dist/src/sources/open.js'

const config = readConfig(process.env)
const model = await openModel(config)
for (const backend of process.argv.slice(2)) {
  for (const precision of ['float32', 'bfloat16']) await compileCached(model, { cacheDir: config.cacheDir, backend, precision })
}
