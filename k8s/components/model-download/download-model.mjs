// Fetches a model package, a model.json and the weights file it names, and checks both before they get their names.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const [folder] = process.argv.slice(2)
const { MODEL_URL: base, MODEL_JSON_SHA256: modelJsonHash, WEIGHTS_SHA256: weightsHash } = process.env

try {
  await mkdir(folder, { recursive: true })
  await fetchFile('model.json', modelJsonHash)
  const { weights } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'))
  if (!/^\w[\w.-]*$/.test(weights)) throw new Error(`model.json names the weights ${weights}: a plain file name is expected`)
  await fetchFile(weights, weightsHash)
} catch (error) {
  process.stderr.write(`${error.cause?.message ?? error.message}\n`)
  process.exitCode = 1
}

async function fetchFile (name, sha256) {
  const url = new URL(name, base.endsWith('/') ? base : `${base}/`)
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  const partial = join(folder, `${name}.part`)
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform (chunk, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    }
  })
  await pipeline(Readable.fromWeb(response.body), hashing, createWriteStream(partial))
  const found = hash.digest('hex')
  if (found !== sha256) {
    await rm(partial)
    throw new Error(`${url} has SHA-256 ${found}, and ${sha256} is expected`)
  }
  await rename(partial, join(folder, name))
}
