// For an init container: fetches a model package, a model.json and the weights file it names, into the folder that is its argument.
// Both are checked before they get their names, and the proxy variables say how they are reached.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isWebAddress, withoutCredentials } from '#compiled/base/web-address.js'
import { download } from '#compiled/sources/download.js'
import { showProgress } from '#compiled/sources/download-progress.js'

const MAX_JSON_BYTES = 64 * 1024 * 1024
const MAX_WEIGHTS_BYTES = 16 * 1024 ** 3

try {
  const [folder] = process.argv.slice(2)
  if (folder === undefined) throw new Error('The folder is missing that the model goes to: name it as the argument.')
  const [base, modelJsonHash, weightsHash] = [variable('MODEL_URL'), variable('MODEL_JSON_SHA256'), variable('WEIGHTS_SHA256')]
  if (!isWebAddress(base)) {
    throw new Error(`MODEL_URL=${withoutCredentials(base)} is not an address: it starts with http:// or https://, ` +
      'and in a password %25 stands for %.')
  }
  const place = { base, folder }
  await fetchFile(place, 'model.json', modelJsonHash, MAX_JSON_BYTES)
  const { weights } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'))
  if (!/^\w[\w.-]*$/.test(weights)) throw new Error(`model.json names the weights ${weights}: a plain file name is expected`)
  await fetchFile(place, weights, weightsHash, MAX_WEIGHTS_BYTES)
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

/** @param {string} name */
function variable (name) {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set.`)
  return value
}

/**
 * @param {{ base: string, folder: string }} place where it comes from, and goes to
 * @param {string} name
 * @param {string} sha256
 * @param {number} maxBytes
 */
async function fetchFile ({ base, folder }, name, sha256, maxBytes) {
  const url = new URL(name, base.endsWith('/') ? base : `${base}/`).href
  const onProgress = await showProgress()
  await download({ url, sha256: sha256.toLowerCase(), path: join(folder, name), maxBytes, onProgress })
}
