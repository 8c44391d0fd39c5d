import { setImmediate as nextTurn } from 'node:timers/promises'
import { getSystemErrorName } from 'node:util'
import { addon } from '../base/addon.js'
import { beginApart, CHANNEL, INHERITED } from '../base/apart/begin.js'
import { FrameReader, FrameWriter, reusedMemory, type Content, type Frame } from './frames.js'
import type { LoadReply, LoadRequest, RunReply, RunRequest } from './protocol.js'
import { failureReply, loadReply, rousing, runReply } from './replies.js'
import { decodeRequest, type Request } from './requests.js'
import { SHARED_BYTES, SHARES } from './shared-images.js'

/*
 * A process of its own that runs the worker's module, which it is given as its argument, until its parent ends it or is gone.
 * It reads its pipe by blocking: it has nothing else to do, and needs no turn of an event loop to be woken.
 */

/** What the pipe says of a parent that is gone: the second where that left something unread. */
const PARENT_GONE = new Set(['EPIPE', 'ECONNRESET'])

/** What a worker's module exports. */
interface Worker {
  load (request: LoadRequest): LoadReply | Promise<LoadReply>
  /** `onComputed` is called when the reply is about to come. */
  run (request: RunRequest, onComputed: () => void): RunReply | Promise<RunReply>
}

/** More than this is read in pieces. */
const PIECE_BYTES = 65_536

/** A run is over when the next request is read. */
const reader = new FrameReader(reusedMemory())
const writer = new FrameWriter()
const { mapMemory, receiveBytes, sendBytes } = addon()
const piece = new Uint8Array(PIECE_BYTES)

/** The next frame, however long it takes to come; undefined once the parent is gone or wants no more. */
function read (): Frame | undefined {
  for (;;) {
    const frame = reader.take()
    if (frame !== undefined) return frame
    const bytes = moved(receiveBytes(CHANNEL, piece))
    if (bytes === 0) return undefined
    reader.feed(piece.subarray(0, bytes))
  }
}

/** In one piece: each would wake the parent. */
function write (content: Content): void {
  const bytes = writer.write(content)
  let at = moved(sendBytes(CHANNEL, bytes))
  while (at < bytes.length) at += moved(sendBytes(CHANNEL, bytes.subarray(at)))
}

/** How many bytes went through the pipe. Ends this process where its parent is gone, who would need an answer. */
function moved (bytes: number): number {
  if (bytes >= 0) return bytes
  const code = getSystemErrorName(bytes)
  if (PARENT_GONE.has(code)) process.exit(1)
  throw new Error(`the pipe to the service cannot be used (${code})`)
}

/** The service wakes up while the reply is put together. */
function rouseService (): void {
  write(rousing)
}

async function answer (worker: Worker, request: Request): Promise<Content> {
  try {
    if ('load' in request) return loadReply(await worker.load(request.load))
    return runReply(await worker.run(request.run, rouseService), request.run.images.length)
  } catch (error) {
    return failureReply(error as Error)
  }
}

/** What the service shares of its memory; undefined where it shares none, and no file is open there. */
function sharedMemory (isShared: boolean): ArrayBuffer | undefined {
  if (!isShared) return undefined
  const memory = mapMemory(INHERITED, SHARED_BYTES)
  if (memory === undefined) throw new Error('the memory that the service shares cannot be mapped')
  return memory
}

/** Answers the first request and all others. What it writes before says that this program runs. */
async function serve (workerFile: string, isShared: boolean): Promise<void> {
  write({})
  const memory = sharedMemory(isShared)
  const worker = await import(workerFile) as Worker
  for (let frame = read(); frame !== undefined; frame = read()) {
    const request = decodeRequest(frame, memory)
    if (request === undefined) continue
    write(await answer(worker, request))
    // What garbage collection leaves to be freed is freed in a turn of the event loop.
    await nextTurn()
  }
}

const [workerFile = '', shares] = process.argv.slice(2)
beginApart()
await serve(workerFile, shares === SHARES)
process.exit(0)
