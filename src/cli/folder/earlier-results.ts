import type { FileHandle } from 'node:fs/promises'
import { OperatorError } from '../../base/errors.js'
import { LINE_START, parseLine, type ModelName, type ResultLine } from './result-line.js'
import { isInShard, type Shard } from './shard.js'

const CHUNK_BYTES = 1024 * 1024
/** More than any line has: what is longer is no output of ours. */
const MAX_LINE_BYTES = 4 * 1024 * 1024
const NEWLINE = 0x0a

/** What all lines of one output have in common. */
export interface RunDescription {
  readonly model: ModelName
  /** Predictions a picture. */
  readonly k: number
  readonly shard: Shard
}

/** What an earlier run left. */
export interface EarlierResults {
  /** Paths of the pictures that have their line. */
  readonly done: ReadonlySet<string>
  /** How many of them failed. */
  readonly failed: number
  /** Where the last whole line ends, in bytes; a line that was cut off follows, or nothing. */
  readonly end: number
}

interface Piece {
  readonly text: string
  readonly end: number
  readonly isWhole: boolean
}

/**
 * Reads an output that may have been left in the middle of a line. Throws an OperatorError that ends the sentence "the output ..." if
 * it is none, or one of another model, of other options or of another shard.
 */
export async function readEarlierResults (handle: FileHandle, run: RunDescription): Promise<EarlierResults> {
  const done = new Set<string>()
  let failed = 0
  let end = 0
  for await (const piece of pieces(handle)) {
    if (!piece.isWhole) {
      if (!isCutOff(piece.text)) throw new OperatorError('ends with something else than a result')
      continue
    }
    const line = parseLine(piece.text)
    if (line === undefined) throw new OperatorError(`holds something else than results after ${done.size} of them`)
    checkBelongs(line, run)
    done.add(line.file)
    if (line.error !== undefined) failed++
    end = piece.end
  }
  return { done, failed, end }
}

function isCutOff (text: string): boolean {
  const length = Math.min(text.length, LINE_START.length)
  return text.slice(0, length) === LINE_START.slice(0, length)
}

function checkBelongs ({ file, model, predictions }: ResultLine, run: RunDescription): void {
  if (model.name !== run.model.name || model.version !== run.model.version) {
    throw new OperatorError(
      `is by ${model.name}, version ${model.version}, and the model is ${run.model.name}, version ${run.model.version}`
    )
  }
  if (predictions !== undefined && predictions.length !== run.k) {
    throw new OperatorError(`has ${predictions.length} predictions a picture, and --top-k asks for ${run.k}`)
  }
  if (!isInShard(file, run.shard)) throw new OperatorError(`holds ${file}, which is not in shard ${run.shard.index}/${run.shard.count}`)
}

/** The lines of a file, without their ends, and what follows the last end. */
async function * pieces (handle: FileHandle): AsyncGenerator<Piece> {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let rest = Buffer.alloc(0)
  let position = 0
  for (;;) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, position)
    if (bytesRead === 0) break
    rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
    position += bytesRead
    let start = 0
    for (let newline = rest.indexOf(NEWLINE); newline >= 0; newline = rest.indexOf(NEWLINE, start)) {
      const text = rest.toString('utf8', start, newline)
      start = newline + 1
      yield { text, end: position - rest.length + start, isWhole: true }
    }
    rest = rest.subarray(start)
    if (rest.length > MAX_LINE_BYTES) throw new OperatorError('has a line that is too long for a result')
  }
  if (rest.length > 0) yield { text: rest.toString('utf8'), end: position, isWhole: false }
}
