import { readSync, writeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { beginApart, CHANNEL } from '../base/apart/begin.js'
import { FrameReader, frameParts, reusedMemory, type Frame } from './frames.js'
import type { LoadReply, LoadRequest, RunReply, RunRequest } from './protocol.js'
import { encodeFailure, encodeLoadReply, encodeRunReply } from './replies.js'
import { decodeRequest, type Request } from './requests.js'

/*
 * A process of its own that runs the worker's module, which it is given as its argument, until its parent ends it or is gone.
 * It reads its pipe by blocking: it has nothing else to do, and the pixels go where they are wanted at once, with no turn of
 * an event loop for each piece of them.
 */

/** What the pipe says of a parent that is gone: the second where that left something unread. */
const PARENT_GONE = new Set(['EPIPE', 'ECONNRESET'])

/** What a worker's module exports. */
interface Worker {
  load (request: LoadRequest): LoadReply | Promise<LoadReply>
  run (request: RunRequest): RunReply | Promise<RunReply>
}

/** A run is over when the next request is read. */
const reader = new FrameReader(reusedMemory())

/** The next frame, however long it takes to come; undefined once the parent is gone or wants no more. */
function read (): Frame | undefined {
  for (;;) {
    const bytes = readSync(CHANNEL, reader.space)
    if (bytes === 0) return undefined
    const frame = reader.filled(bytes)
    if (frame !== undefined) return frame
  }
}

/** In one piece: each would wake the parent. */
function write (parts: readonly Uint8Array[]): void {
  const bytes = Buffer.concat(parts)
  for (let at = 0; at < bytes.length;) at += writeSync(CHANNEL, bytes, at)
}

async function answer (worker: Worker, request: Request): Promise<Uint8Array[]> {
  try {
    if ('load' in request) return encodeLoadReply(await worker.load(request.load))
    return encodeRunReply(await worker.run(request.run), request.run.images.length)
  } catch (error) {
    return encodeFailure(error as Error)
  }
}

/** Answers the first request and all others. What it writes before says that this program runs. */
async function serve (workerFile: string): Promise<void> {
  write(frameParts({}, []))
  const worker = await import(workerFile) as Worker
  for (let frame = read(); frame !== undefined; frame = read()) {
    write(await answer(worker, decodeRequest(frame)))
    // What garbage collection leaves to be freed is freed in a turn of the event loop.
    await nextTurn()
  }
}

const [workerFile = ''] = process.argv.slice(2)
beginApart()
try {
  await serve(workerFile)
  process.exit(0)
} catch (error) {
  // Nobody is there to be answered, nor to read of it.
  if (PARENT_GONE.has((error as NodeJS.ErrnoException).code ?? '')) process.exit(1)
  throw error
}
