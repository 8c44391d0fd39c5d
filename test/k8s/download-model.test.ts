import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readConfig } from '../../src/config.js'
import { openModel } from '../../src/sources/open.js'
import { tempFolder } from '../support/temp-folder.js'

const SCRIPT = fileURLToPath(new URL('../../../scripts/container/download-model.mjs', import.meta.url))
const BUNDLED = fileURLToPath(new URL('../../../models/xception-cifar10/', import.meta.url))
const sha256 = (file: string): string => createHash('sha256').update(readFileSync(BUNDLED + file)).digest('hex')

let origin: Server
let url: string
before(async () => {
  origin = createServer((request, response) => {
    // A proxy is asked for the whole address.
    const name = request.url?.replace(/^(http:\/\/models\.invalid)?\/packages\/one\//, '') ?? ''
    if (readdirSync(BUNDLED).includes(name)) response.end(readFileSync(BUNDLED + name))
    else response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  await once(origin, 'listening')
  url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/packages/one`
})
after(() => { origin.close() })

/** Runs the init container's script; resolves with what it says when it fails, '' when all is well. */
async function download (folder: string, env: Record<string, string>): Promise<string> {
  return await new Promise((resolve) => {
    execFile(process.execPath, [SCRIPT, folder], { env: { PATH: process.env.PATH, ...env } }, (error, _stdout, stderr) => {
      resolve(error === null ? '' : stderr)
    })
  })
}

test('the init container fetches a package that the service opens, and nothing that it was not told to expect', async (t) => {
  const folder = tempFolder(t)
  const good = { MODEL_URL: url, MODEL_JSON_SHA256: sha256('model.json'), WEIGHTS_SHA256: sha256('weights.safetensors') }
  const other = 'f'.repeat(64)
  const said = await download(join(folder, 'a'), { ...good, MODEL_JSON_SHA256: other })
  assert.match(said, /model\.json cannot be downloaded: its SHA-256 is \w{64}, and f{64} is expected/)
  const saidOfWeights = await download(join(folder, 'b'), { ...good, WEIGHTS_SHA256: other })
  assert.match(saidOfWeights, /weights\.safetensors cannot be downloaded: its SHA-256/)
  assert.deepEqual(readdirSync(join(folder, 'b')), ['model.json'])
  assert.match(await download(join(folder, 'c'), { ...good, MODEL_URL: `${url}/nowhere` }), /answered 404/)
  for (const address of ['models/one', 'ftp://models.invalid/one', 'http://user:sec%ret@models.invalid/one']) {
    assert.match(await download(join(folder, 'g'), { ...good, MODEL_URL: address }), /^MODEL_URL=(?!.*sec).* is not an address: .*\n$/)
  }
  for (const name of Object.keys(good)) {
    const { [name]: _left, ...others } = { ...good } as Record<string, string>
    assert.equal(await download(join(folder, 'f'), others), `${name} is not set.\n`)
  }
  assert.equal(await download(join(folder, 'd'), good), '')
  assert.equal((await openModel(readConfig({ MODEL: join(folder, 'd') }))).name, 'xception-cifar10')

  // The host has no address (RFC 2606): only the proxy reaches it.
  const behindProxy = { ...good, MODEL_URL: 'http://models.invalid/packages/one', HTTP_PROXY: new URL(url).origin }
  assert.equal(await download(join(folder, 'e'), behindProxy), '')
  assert.deepEqual(readdirSync(join(folder, 'e')).sort(), ['model.json', 'weights.safetensors'])
})
