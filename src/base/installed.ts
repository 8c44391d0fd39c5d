import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** Where the set-up (scripts/setup/addon.mjs) puts all that is native: tfjs-node's folder, which need not be there. */
function installedPath (path: string): string {
  return join(dirname(require.resolve('@tensorflow/tfjs-node/package.json')), path)
}

/** The set-up's note of which TensorFlow it installed. */
export function flavourPath (): string {
  return installedPath('deps/flavour.json')
}

/** tfjs-node's addon, which loads TensorFlow. */
export function tensorFlowAddonPath (): string {
  return installedPath('lib/napi-v8/tfjs_binding.node')
}

/** The addon of `native/process/`. */
export function processAddonPath (): string {
  return installedPath('lib/napi-v8/process.node')
}

/** The addon of `native/convolutions/`, which is compiled on Linux only, where the compiler can. */
export function convolutionsAddonPath (): string {
  return installedPath('lib/napi-v8/convolutions.node')
}

/** The addon of `native/pictures/`, which is compiled where libjpeg-turbo's headers are. */
export function picturesAddonPath (): string {
  return installedPath('lib/napi-v8/pictures.node')
}
