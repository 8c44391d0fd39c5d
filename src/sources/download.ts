import { createWriteStream, statSync } from 'node:fs'
import { mkdir, rename, rm, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { setTimeout as sleep } from 'node:timers/promises'
import type * as Undici from 'undici'
import { OperatorError } from '../base/errors.js'
import { existing } from '../base/existing.js'
import { hashFile } from '../base/hash.js'
import { withLock } from '../base/lock.js'

export interface DownloadProgress {
  readonly receivedBytes: number
  /** Undefined where the server does not say. */
  readonly totalBytes: number | undefined
  /** Why a try failed, when another one follows. */
  readonly retry?: { readonly reason: string, readonly delayMs: number }
}

export interface DownloadOptions {
  /** One that `isWebAddress`; a user name and password in it are sent as basic authentication, and never shown. */
  readonly url: string
  /** Digest of the whole file, hexadecimal; always checked. */
  readonly sha256: string
  /** Where the file goes; its folder is made. */
  readonly path: string
  /** A server that sends more than this is not believed. */
  readonly maxBytes: number
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
  /** Time without a single byte after which the connection is given up. */
  readonly idleTimeoutMs?: number
  /** Wait before the second try; it doubles with each further one. */
  readonly retryDelayMs?: number
}

/** Tries in a row that bring nothing; each byte that arrives starts the count again. */
const MAX_FUTILE_TRIES = 5
const MAX_RETRY_DELAY_MS = 30_000
/** A server that wants to be left alone for longer is as good as down. */
const MAX_RETRY_AFTER_SECONDS = 300
const RETRIED_STATUSES = new Set([408, 425, 429])

/** A failure that trying again does not mend. */
class FinalError extends OperatorError {}

class DiskFull extends FinalError {}

/**
 * Downloads a file unless it is there already, and checks its hash either way. A broken connection is resumed where it
 * broke, with growing pauses; the file appears under its name only when it is whole. Of several processes one downloads,
 * the others wait for it.
 *
 * Throws an OperatorError that names the address and says where to put the file by hand.
 */
export async function download (options: DownloadOptions): Promise<void> {
  const { url, sha256, path } = options
  if (await isWhole(path, sha256)) return
  try {
    await mkdir(dirname(path), { recursive: true })
    const onWait = (): void => { options.onProgress?.({ receivedBytes: sizeOf(partialOf(options)), totalBytes: undefined }) }
    await withLock(path, { onWait }, async (lost) => {
      // Another process may have finished it meanwhile.
      if (!await isWhole(path, sha256)) await fetchWhole(options, lost)
    })
  } catch (error) {
    if (!isOutside(error)) throw error
    const advice = isFull(error)
      ? 'Free some space, or choose another folder'
      : `Download it by other means and put it at ${path}, or name a mirror`
    throw new OperatorError(`${split(url).address} cannot be downloaded: ${reasonOf(error)}. ${advice}.`, { cause: error })
  }
}

async function isWhole (path: string, sha256: string): Promise<boolean> {
  return await existing(path) !== undefined && await hashFile(path) === sha256
}

const partialOf = ({ path, sha256 }: DownloadOptions): string => `${path}.${sha256.slice(0, 16)}.partial`

function sizeOf (path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

async function fetchWhole (options: DownloadOptions, signal: AbortSignal): Promise<void> {
  const partial = partialOf(options)
  const resumed = await fetchAll(options, partial, signal)
  let found = await hashFile(partial)
  if (found !== options.sha256 && resumed) {
    // The file may have changed on the server since its first part was fetched: one fresh start decides.
    await rm(partial)
    await fetchAll(options, partial, signal)
    found = await hashFile(partial)
  }
  if (found !== options.sha256) {
    await rm(partial)
    throw new OperatorError(`its SHA-256 is ${found}, and ${options.sha256} is expected`)
  }
  signal.throwIfAborted()
  await rename(partial, options.path)
}

/** Resolves with true if the file was put together from several responses. */
async function fetchAll (options: DownloadOptions, partial: string, signal: AbortSignal): Promise<boolean> {
  const { retryDelayMs = 1000 } = options
  for (let futile = 0; ;) {
    const before = sizeOf(partial)
    try {
      return await fetchRest(options, partial, before, signal)
    } catch (error) {
      signal.throwIfAborted()
      // What has arrived would keep the disk full.
      if (isFull(error)) await rm(partial, { force: true })
      if (error instanceof FinalError || isFull(error)) throw error
      const receivedBytes = sizeOf(partial)
      futile = receivedBytes > before ? 0 : futile + 1
      if (futile === MAX_FUTILE_TRIES) throw error
      const pauseMs = Math.min(retryDelayMs * 2 ** futile * (0.5 + Math.random()), MAX_RETRY_DELAY_MS)
      const delayMs = error instanceof RetryAfter ? Math.max(error.seconds * 1000, pauseMs) : pauseMs
      options.onProgress?.({ receivedBytes, totalBytes: undefined, retry: { reason: reasonOf(error), delayMs } })
      await sleep(delayMs)
    }
  }
}

/** A server that says when to come back. */
class RetryAfter extends OperatorError {
  constructor (message: string, readonly seconds: number) {
    super(message)
  }
}

/** One request: appends to the partial file what is missing from it. Resolves with true if something was there before. */
async function fetchRest (
  { url, maxBytes, onProgress, idleTimeoutMs = 30_000 }: DownloadOptions, partial: string, have: number, signal: AbortSignal
): Promise<boolean> {
  const controller = new AbortController()
  const idle = setTimeout(() => { controller.abort(new OperatorError(`nothing arrived for ${idleTimeoutMs} ms`)) }, idleTimeoutMs)
  // Of a hundred files, which a start that downloads nothing does without.
  const undici = await import('undici')
  const dispatcher = fromEnvironment(undici)
  try {
    const response = await request(url, have, { fetch: undici.fetch, dispatcher, signal: AbortSignal.any([signal, controller.signal]) })
    const start = await startOf(response, have, partial)
    // The length of something compressed says nothing of the file's.
    const length = isEncoded(response.headers) ? null : response.headers.get('content-length')
    const totalBytes = length === null ? undefined : start + Number(length)
    if (totalBytes !== undefined) {
      if (totalBytes > maxBytes) throw tooLarge(maxBytes)
      await requireSpace(dirname(partial), totalBytes - start)
    }
    let receivedBytes = start
    const counted = new Transform({
      transform (chunk: Buffer, _encoding, done) {
        idle.refresh()
        receivedBytes += chunk.length
        onProgress?.({ receivedBytes, totalBytes })
        done(receivedBytes > maxBytes ? tooLarge(maxBytes) : null, chunk)
      }
    })
    const body = (response.body ?? new Blob([]).stream()) as ReadableStream<Uint8Array>
    await pipeline(Readable.fromWeb(body), counted, createWriteStream(partial, { flags: start === 0 ? 'w' : 'a' }))
    if (totalBytes !== undefined && receivedBytes < totalBytes) throw new OperatorError('the connection broke')
    return start > 0
  } finally {
    clearTimeout(idle)
    controller.abort()
    await dispatcher.destroy()
  }
}

/** Connects as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say (or these in lower case), which Node's own fetch ignores before Node 24. */
function fromEnvironment ({ EnvHttpProxyAgent }: typeof Undici): Undici.Dispatcher {
  try {
    // Plain HTTP is asked of a proxy as such: many of them refuse tunnels to port 80.
    return new EnvHttpProxyAgent({ proxyTunnel: false })
  } catch (error) {
    // The error itself holds the variable's value, in which there may be a password.
    throw new FinalError(`HTTPS_PROXY or HTTP_PROXY names no proxy (${(error as Error).message}): it looks like http://host:port`)
  }
}

interface Connection { readonly fetch: typeof Undici.fetch, readonly dispatcher: Undici.Dispatcher, readonly signal: AbortSignal }

async function request (url: string, have: number, { fetch, dispatcher, signal }: Connection): Promise<Undici.Response> {
  const { address, authorization } = split(url)
  // Bytes as they are stored: a range of something compressed would be useless.
  const headers = { 'accept-encoding': 'identity', ...authorization, ...have > 0 ? { range: `bytes=${have}-` } : {} }
  try {
    return await fetch(address, { dispatcher, signal, headers })
  } catch (error) {
    signal.throwIfAborted()
    const { code, message } = innermost(error)
    // What fetch itself refuses (redirects without end, a forbidden port) has no code, no certificate gets valid in seconds,
    // and a proxy that lets nobody through goes on so.
    const isFinal = code === undefined || /CERT|SIGNATURE/.test(code) || /^Proxy response \(4/.test(message)
    throw isFinal ? new FinalError(reasonOf(error)) : error
  }
}

/** fetch takes credentials only as a header, and they belong in no message. */
function split (url: string): { address: string, authorization: { authorization?: string } } {
  const address = new URL(url)
  const credentials = [address.username, address.password].map(decodeURIComponent).join(':')
  address.username = address.password = ''
  return {
    address: address.href,
    authorization: credentials === ':' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
  }
}

function isEncoded (headers: Undici.Headers): boolean {
  return (headers.get('content-encoding') ?? 'identity') !== 'identity'
}

async function requireSpace (folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bytes > bavail * bsize) {
    throw new DiskFull(
      `the disk of ${folder} has ${Math.floor(bavail * bsize / 1e6)} MB left and it needs ${Math.ceil(bytes / 1e6)} MB`
    )
  }
}

/** The byte that a response starts with. Throws for one that brings nothing. */
async function startOf ({ status, statusText, headers }: Undici.Response, have: number, partial: string): Promise<number> {
  if (status === 206) {
    const start = Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1])
    if (start === have && !isEncoded(headers)) return start
    await rm(partial, { force: true })
    throw new OperatorError('the server sent another part than was asked for')
  }
  // Servers that know no ranges send the whole again.
  if (status === 200) return 0
  if (status === 416) {
    await rm(partial, { force: true })
    throw new OperatorError('the server has no such part')
  }
  const answer = `the server answered ${status} ${statusText}`.trimEnd()
  if (status < 500 && !RETRIED_STATUSES.has(status)) throw new FinalError(answer)
  const seconds = secondsUntilRetry(headers)
  if (seconds === undefined) throw new OperatorError(answer)
  throw seconds > MAX_RETRY_AFTER_SECONDS
    ? new FinalError(`${answer}, and to come back in ${Math.ceil(seconds / 60)} minutes`)
    : new RetryAfter(answer, seconds)
}

/** Retry-After is a number of seconds or a date (RFC 9110, section 10.2.3). */
function secondsUntilRetry (headers: Undici.Headers): number | undefined {
  const value = headers.get('retry-after') ?? ''
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds)
}

function tooLarge (maxBytes: number): FinalError {
  return new FinalError(`it is larger than the ${maxBytes} bytes that are taken`)
}

/** Whether the network, the server or the disk is to blame: what these let fail has a code, somewhere below. */
function isOutside (error: unknown): boolean {
  return error instanceof OperatorError || innermost(error).code !== undefined
}

function isFull (error: unknown): boolean {
  return error instanceof DiskFull || ['ENOSPC', 'EDQUOT'].includes((error as { code?: string } | undefined)?.code ?? '')
}

function reasonOf (error: unknown): string {
  if (isFull(error) && !(error instanceof DiskFull)) return 'the disk is full'
  // That of a host with several addresses has no message.
  const { message, code } = innermost(error)
  return message || code || (error as Error).message
}

/** fetch hides the reason of a connection that failed below one or two errors of its own. */
function innermost (error: unknown): NodeJS.ErrnoException {
  const { cause } = error as Error
  return cause instanceof Error ? innermost(cause) : error as NodeJS.ErrnoException
}
