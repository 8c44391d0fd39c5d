// Usage: compile-bundled.mjs: puts the default model's compiled graphs into MODEL_CACHE_DIR, for an image to hold.
import { readConfig } from '#compiled/config.js'
import { compiledModel } from '#compiled/service/compiled-model.js'
import { openModel } from '#compiled/sources/open.js'

const config = readConfig(process.env)
const model = await openModel(config)
// Where it will run is not known, and a graph takes a moment.
for (const precision of /** @type {const} */ (['float32', 'bfloat16'])) {
  for (const means of [{ ownKernels: false }, { ownKernels: true }, { ownKernels: true, quantized: true }]) {
    await compiledModel(config, model, { precision, ...means })
  }
}
