import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { DecodingResult } from '../measurements/decoding.js'
import type { EngineResult } from '../measurements/engine-times.js'
import type { ExplainResult } from '../measurements/explain.js'
import type { FolderResult } from '../measurements/folder.js'
import type { HoldResult } from '../measurements/hold.js'
import type { HttpResult } from '../measurements/http.js'
import type { KernelsResult } from '../measurements/kernels.js'
import { jsonInLines } from './json-lines.js'
import type { Machine } from './machine.js'
import type { MemoryResult } from '../measurements/memory.js'
import type { RequestResult } from '../measurements/request.js'
import type { StartResult } from '../measurements/start-times.js'
import type { ThreadsResult } from '../measurements/threads.js'
import type { TrainingResult } from '../measurements/training.js'
import type { WorkersResult } from '../measurements/workers.js'

const FOLDER = fileURLToPath(new URL('../../../bench/results/', import.meta.url))

/** What `npm run bench` measures, and what it leaves. */
export interface Results {
  readonly engine: EngineResult
  readonly kernels: KernelsResult
  readonly threads: ThreadsResult
  readonly http: HttpResult & { readonly workers: WorkersResult }
  readonly decoding: DecodingResult
  readonly request: RequestResult
  readonly folder: FolderResult
  readonly start: StartResult
  readonly memory: MemoryResult
  readonly explain: ExplainResult
  readonly hold: HoldResult
  readonly train: TrainingResult
}
export const KINDS = [
  'engine', 'kernels', 'threads', 'http', 'decoding', 'request', 'folder', 'start', 'memory', 'explain', 'hold', 'train'
] as const satisfies ReadonlyArray<keyof Results>

/** A result with the day and the machine of its measurement. */
export type Saved<Result> = Result & { readonly date: string, readonly machine: Machine }

/** Writes bench/results/KIND.json. */
export async function saveResult<Kind extends keyof Results> (kind: Kind, machine: Machine, result: Results[Kind]): Promise<void> {
  const saved: Saved<Results[Kind]> = { date: new Date().toISOString().slice(0, 10), machine, ...result }
  await writeResultFile(`${kind}.json`, jsonInLines(saved))
}

export async function writeResultFile (name: string, text: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true })
  await writeFile(`${FOLDER}${name}`, text)
}

/** What the last run left; undefined where there was none. */
export async function readResult<Kind extends keyof Results> (kind: Kind): Promise<Saved<Results[Kind]> | undefined> {
  let text: string
  try {
    text = await readFile(`${FOLDER}${kind}.json`, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return JSON.parse(text) as Saved<Results[Kind]>
}
