import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { usableCpus } from '../../../src/base/cpus.js'
import { pictureDecoder } from '../../../src/cli/picture-decoder.js'
import { readConfig } from '../../../src/config.js'
import { asBytes } from '../../../src/preprocess/index.js'
import { openDataset, type Sample } from '../../../src/train/data/index.js'
import type { Examples } from '../../../src/train/fit/batches.js'

/** Share of the training pictures that is held back: 10,000 of CIFAR-10's 50,000. */
const VALIDATION_SHARE = 0.2
const SEED = 1

export interface Pictures {
  readonly train: Examples
  readonly validation: Examples
  readonly test: Examples
  /** What names them. */
  readonly dataset: string
}

/** Decodes all pictures of both archives into memory. */
export async function openAll (training: string, test: string): Promise<Pictures> {
  const developing = await openOne(training, VALIDATION_SHARE)
  const final = await openOne(test, 0)
  const hashes = (samples: readonly Sample[]): unknown => samples.map(({ hash, label }) => [hash, label])
  return {
    train: developing.train.examples,
    validation: developing.validation.examples,
    test: final.train.examples,
    dataset: JSON.stringify([developing.train.samples, developing.validation.samples].map(hashes))
  }
}

interface Opened { readonly examples: Examples, readonly samples: readonly Sample[] }

async function openOne (path: string, validation: number): Promise<{ readonly train: Opened, readonly validation: Opened }> {
  const config = readConfig({})
  const decoder = pictureDecoder(config, { size: 32, channels: 3, fit: 'fill', cropFraction: 1, kernel: 'linear' })
  const dataset = await openDataset(path, {
    fingerprint: (file) => decoder.fingerprint(file),
    concurrency: 2 * usableCpus(),
    maxImageBytes: config.maxImageBytes,
    spoolFolder: join(tmpdir(), 'xception-ablations'),
    shares: { validation, test: 0 },
    seed: SEED
  })
  try {
    const decoded = async (samples: readonly Sample[]): Promise<Opened> => {
      const pixels: Array<Uint8Array<ArrayBuffer>> = []
      for (const sample of samples) pixels.push(asBytes(await decoder.decode(await sample.read())))
      return {
        samples,
        examples: { labels: samples.map(({ label }) => label), pixels: async (index) => pixels[index] ?? new Uint8Array() }
      }
    }
    return { train: await decoded(dataset.splits.train), validation: await decoded(dataset.splits.validation) }
  } finally {
    await dataset.close()
  }
}
