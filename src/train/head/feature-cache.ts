import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readFile, readdir, utimes, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { OperatorError } from '../../base/errors.js'
import { tidy } from '../../compiler/cache-size.js'

const SEGMENT = /\.features$/
const KEY_BYTES = 32
const CHECKSUM_BYTES = 4

export interface FeatureCacheOptions {
  /** Where the features of all models are kept. */
  readonly folder: string
  /** Names what gives the features: network, weights, precision and how pictures become the input. */
  readonly modelKey: string
  /** Numbers a picture has. */
  readonly length: number
  /** Most that all models' features may take; those that were not used for longest leave first. */
  readonly maxBytes: number
}

/**
 * Features of pictures by what they are of. Each run appends to a file of its own, a record a picture: the key, a checksum, and the
 * numbers as float32. What a run that was killed left of its last record is passed over.
 */
export class FeatureCache {
  private file: FileHandle | undefined

  private constructor (
    private readonly path: string,
    private readonly options: FeatureCacheOptions,
    private readonly known: Map<string, Float32Array>
  ) {}

  /** Throws an OperatorError if the folder cannot be used. */
  static async open (options: FeatureCacheOptions): Promise<FeatureCache> {
    const path = join(options.folder, options.modelKey)
    try {
      await mkdir(path, { recursive: true })
      await utimes(path, new Date(), new Date())
      const known = new Map<string, Float32Array>()
      for (const name of (await readdir(path)).filter((file) => SEGMENT.test(file)).sort()) {
        readSegment(await readFile(join(path, name)), options.length, known)
      }
      return new FeatureCache(path, options, known)
    } catch (cause) {
      throw unusable(path, cause)
    }
  }

  get (key: string): Float32Array | undefined {
    return this.known.get(key)
  }

  /** Keeps features for this run and later ones. Throws an OperatorError if they cannot be written. */
  async add (key: string, features: Float32Array): Promise<void> {
    this.known.set(key, features)
    try {
      this.file ??= await open(join(this.path, `${randomUUID()}.features`), 'ax')
      await this.file.appendFile(recordOf(key, features))
    } catch (cause) {
      throw unusable(this.path, cause)
    }
  }

  async close (): Promise<void> {
    await this.file?.close()
    const { folder, maxBytes } = this.options
    await tidy(folder, { keep: this.path, maxBytes })
  }
}

/** The key of one variant of a picture; 0 is the picture as the service sees it. */
export function featureKey (contentHash: string, variant: number): string {
  return createHash('sha256').update(`${contentHash} ${variant}`).digest('hex')
}

function recordOf (key: string, features: Float32Array): Buffer {
  const checksum = Buffer.alloc(CHECKSUM_BYTES)
  const content = Buffer.concat([Buffer.from(key, 'hex'), Buffer.from(features.buffer, features.byteOffset, features.byteLength)])
  checksum.writeUInt32LE(crc32(content))
  return Buffer.concat([content, checksum])
}

function readSegment (segment: Buffer, length: number, known: Map<string, Float32Array>): void {
  const contentBytes = KEY_BYTES + length * Float32Array.BYTES_PER_ELEMENT
  for (let start = 0; start + contentBytes + CHECKSUM_BYTES <= segment.length; start += contentBytes + CHECKSUM_BYTES) {
    const content = segment.subarray(start, start + contentBytes)
    if (crc32(content) !== segment.readUInt32LE(start + contentBytes)) continue
    const numbers = new Uint8Array(content.subarray(KEY_BYTES))
    known.set(content.toString('hex', 0, KEY_BYTES), new Float32Array(numbers.buffer))
  }
}

function unusable (path: string, cause: unknown): unknown {
  const { message, syscall } = cause as NodeJS.ErrnoException
  return syscall === undefined ? cause : new OperatorError(`MODEL_CACHE_DIR: features cannot be kept in ${path}: ${message}.`, { cause })
}
