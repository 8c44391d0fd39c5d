import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { OperatorError } from '../base/errors.js'

/** How often the file is looked at: watching it would miss what Kubernetes does, which swaps a link above it. */
const POLL_INTERVAL_MS = 1000
/** The names become values of a metric's label, each of which costs Prometheus a time series. */
const MAX_KEYS = 1000
const LINE = /^(?<name>[A-Za-z0-9][\w.-]{0,63})\s+(?<sha256>[0-9a-fA-F]{64})$/

interface ApiKey {
  readonly name: string
  readonly sha256: Buffer
}

export interface ApiKeysEvents {
  /** A changed file is in force; with the number of its keys. */
  readonly onChange: (keys: number) => void
  /** A changed file cannot be read, and the keys that were there before stay in force. */
  readonly onRefusal: (reason: Error) => void
}

/** The keys that clients may use, as a file states them now. */
export class ApiKeys {
  private readonly timer: NodeJS.Timeout
  private polling = Promise.resolve()

  private constructor (
    private readonly path: string, private fingerprint: string, private keys: readonly ApiKey[], private readonly events: ApiKeysEvents
  ) {
    this.timer = setInterval(() => { this.polling = this.polling.then(() => this.poll()) }, POLL_INTERVAL_MS).unref()
  }

  /**
   * Reads a file of lines `name sha256`, the second the SHA-256 of a key in hexadecimal; empty lines and lines that begin
   * with # are skipped. Keys of one name are one client's: the old one and the new one while it changes over. Throws an
   * OperatorError that names the file and the line, and never what stands there, since that may be a key.
   */
  static async open (path: string, events: ApiKeysEvents): Promise<ApiKeys> {
    // Before the file is read, so that what is written meanwhile is found the next time.
    const fingerprint = await fingerprintOf(path)
    return new ApiKeys(path, fingerprint, await readKeys(path), events)
  }

  /** The name of the key, or undefined if the file has no such key. Takes as long for one as for the other. */
  nameOf (key: string): string | undefined {
    const sha256 = createHash('sha256').update(key).digest()
    let name: string | undefined
    for (const known of this.keys) {
      if (timingSafeEqual(known.sha256, sha256)) name = known.name
    }
    return name
  }

  /** Stops looking at the file. */
  close (): void {
    clearInterval(this.timer)
  }

  private async poll (): Promise<void> {
    const fingerprint = await fingerprintOf(this.path)
    if (fingerprint === this.fingerprint) return
    this.fingerprint = fingerprint
    try {
      this.keys = await readKeys(this.path)
      this.events.onChange(this.keys.length)
    } catch (error) {
      this.events.onRefusal(error as Error)
    }
  }
}

/** Differs when the file was written or another one took its place; a file that cannot be found has one, too. */
async function fingerprintOf (path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error)
  }
}

async function readKeys (path: string): Promise<readonly ApiKey[]> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new OperatorError(`API_KEYS_FILE=${path} cannot be read: ${(error as Error).message}.`, { cause: error })
  }
  const keys: ApiKey[] = []
  const lineByHash = new Map<string, number>()
  for (const [index, line] of text.split('\n').entries()) {
    const content = line.trim()
    if (content === '' || content.startsWith('#')) continue
    const { name, sha256 } = LINE.exec(content)?.groups ?? {}
    if (name === undefined || sha256 === undefined) {
      const form = 'a name (letters, digits, "_", "-" and ".", at most 64), a space and the SHA-256 of a key as 64 hexadecimal digits'
      throw new OperatorError(`API_KEYS_FILE=${path}, line ${index + 1}: a line is ${form}.`)
    }
    const earlier = lineByHash.get(sha256.toLowerCase())
    if (earlier !== undefined) {
      throw new OperatorError(`API_KEYS_FILE=${path}, line ${index + 1}: its key stands in line ${earlier} already.`)
    }
    lineByHash.set(sha256.toLowerCase(), index + 1)
    keys.push({ name, sha256: Buffer.from(sha256, 'hex') })
  }
  if (keys.length === 0) throw new OperatorError(`API_KEYS_FILE=${path} holds no key: nobody could use the service.`)
  if (keys.length > MAX_KEYS) throw new OperatorError(`API_KEYS_FILE=${path} holds ${keys.length} keys: at most ${MAX_KEYS} are taken.`)
  return keys
}
