// Usage: compile-bundled.mjs: puts the default model's compiled graphs into MODEL_CACHE_DIR, for an image to hold.
import { cacheKey } from '#compiled/compiler/cache-key.js'
import { findOrMake } from '#compiled/compiler/cache.js'
import { readConfig } from '#compiled/config.js'
import { compileTo } from '#compiled/service/compile-process.js'
import { openModel } from '#compiled/sources/open.js'

const config = readConfig(process.env)
const model = await openModel(config)
const cache = { cacheDir: config.cacheDir, maxBytes: config.cacheMaxBytes }
// Where it will run is not known, and a graph takes a moment.
for (const precision of /** @type {const} */ (['float32', 'bfloat16'])) {
  for (const means of [{ ownKernels: false }, { ownKernels: true }, { ownKernels: true, quantized: true }]) {
    const target = { precision, ...means }
    const key = await cacheKey(model, target)
    // In this process: one apart takes an addon of the set-up, which this stage of the image lacks.
    await findOrMake(key, cache, async (folder) => {
      const problem = await compileTo({ settings: config, target, key, folder })
      if (problem !== undefined) throw new Error(`${folder} cannot be written: ${problem.code}`)
    })
  }
}
