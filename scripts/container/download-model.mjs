// For an init container: fetches a model package, a model.json and the weights file it names, into the folder that is its argument.
// Both are checked before they get their names, and the proxy variables say how they are reached.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { download } from '../../dist/src/sources/download.js'
import { showProgress } from '../../dist/src/sources/download-progress.js'

const MAX_JSON_BYTES = 64 * 1024 * 1024
const MAX_WEIGHTS_BYTES = 16 * 1024 ** 3

const [folder] = process.argv.slice(2)
const { MODEL_URL: base, MODEL_JSON_SHA256: modelJsonHash, WEIGHTS_SHA256: weightsHash } = process.env

try {
  await fetchFile('model.json', modelJsonHash, MAX_JSON_BYTES)
  const { weights } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'))
  if (!/^\w[\w.-]*$/.test(weights)) throw new Error(`model.json names the weights ${weights}: a plain file name is expected`)
  await fetchFile(weights, weightsHash, MAX_WEIGHTS_BYTES)
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

async function fetchFile (name, sha256, maxBytes) {
  const url = new URL(name, base.endsWith('/') ? base : `${base}/`).href
  await download({ url, sha256: sha256.toLowerCase(), path: join(folder, name), maxBytes, onProgress: showProgress() })
}
