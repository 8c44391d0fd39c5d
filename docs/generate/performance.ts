import { readFile, writeFile } from 'node:fs/promises'
import { decodingTable } from '../../bench/measurements/decoding.js'
import { engineTable, howEngine } from '../../bench/measurements/engine-times.js'
import { explainTable } from '../../bench/measurements/explain.js'
import { folderTable } from '../../bench/measurements/folder.js'
import { howHttp, httpTable } from '../../bench/measurements/http.js'
import { holdTables, type HoldResult } from '../../bench/measurements/hold.js'
import type { Machine } from '../../bench/report/machine.js'
import { growthTable, loadedTable } from '../../bench/measurements/memory.js'
import { replaceBlock } from './page.js'
import { readResult, type Saved } from '../../bench/report/results.js'
import { speedTable } from '../../bench/report/speed.js'
import { requestTable } from '../../bench/measurements/request.js'
import { startTable } from '../../bench/measurements/start-times.js'
import { markdownTable, type Table } from '../../verify/table.js'
import { howThreads, threadsTable } from '../../bench/measurements/threads.js'
import { howTraining, trainingTable } from '../../bench/measurements/training.js'
import { workersTable, type WorkersResult } from '../../bench/measurements/workers.js'

/* Writes the tables of docs/performance.md and the README from bench/results/. A table that was not measured is left out. */

const PAGE = new URL('../../../docs/performance.md', import.meta.url)
const RELIABILITY = new URL('../../../docs/reliability.md', import.meta.url)
const README = new URL('../../../README.md', import.meta.url)

type Measured = Saved<{ readonly weights: 'random' | 'real' }>

const engine = await readResult('engine')
const threads = await readResult('threads')
const http = await readResult('http')
const decoding = await readResult('decoding')
const request = await readResult('request')
const folder = await readResult('folder')
const start = await readResult('start')
const memory = await readResult('memory')
const explain = await readResult('explain')
const hold = await readResult('hold')
const train = await readResult('train')
const blocks: Readonly<Record<string, string>> = {
  engine: engine === undefined ? '' : block(engine, engineTable(engine), howEngine(engine)),
  threads: threads === undefined ? '' : block(threads, threadsTable(threads), howThreads(threads)),
  http: http === undefined ? '' : block(http, httpTable(http), howHttp(http)),
  request: request === undefined
    ? ''
    : block(request, requestTable(request), `medians and quartiles of ${request.requests} requests, ${request.threads} threads`),
  decoding: decoding === undefined
    ? ''
    : block(decoding, decodingTable(decoding), `medians and quartiles of ${decoding.rounds} rounds, one image at a time, one thread`),
  workers: http === undefined ? '' : block(http, workersTable(http.workers), howWorkers(http.workers)),
  folder: folder === undefined
    ? ''
    : block(folder, folderTable(folder), `${folder.rounds} rounds of ${folder.pictures} photos, ${folder.threads} threads, float32`),
  start: start === undefined
    ? ''
    : block(start, startTable(start), `medians and quartiles of ${start.runs} starts, ${start.threads} threads`),
  loaded: memory === undefined ? '' : block(memory, loadedTable(memory), `${memory.threads} threads`),
  growth: memory === undefined ? '' : block(memory, growthTable(memory), `${memory.threads} threads, float32`),
  explain: explain === undefined
    ? ''
    : block(explain, explainTable(explain), `medians and quartiles of ${explain.rounds} rounds, ${explain.threads} threads`),
  train: train === undefined ? '' : block({ ...train, weights: 'random' }, trainingTable(train), howTraining(train))
}

await fill(PAGE, blocks)
if (hold !== undefined) await fill(RELIABILITY, holdBlocks(hold))
await fill(README, { speed: engine === undefined || http === undefined ? '' : `${markdownTable(speedTable(engine, http))}\n` })

async function fill (page: URL, texts: Readonly<Record<string, string>>): Promise<void> {
  let content = await readFile(page, 'utf8')
  for (const [name, text] of Object.entries(texts)) content = replaceBlock(content, name, text)
  await writeFile(page, content)
}

function holdBlocks (measured: Saved<HoldResult>): Record<string, string> {
  const how = `${measured.threads} threads, ${measured.seconds} s at each load, clients on the same machine`
  return Object.fromEntries(Object.entries(holdTables(measured)).map(([promise, table]) => [promise, block(measured, table, how)]))
}

function block ({ date, machine, weights }: Measured, table: Table, how: string): string {
  return `${markdownTable(table)}\n\n${date}, ${describe(machine)}; ${weights} weights; ${how}.\n`
}

function howWorkers ({ rounds, seconds }: WorkersResult): string {
  return `medians and quartiles of ${rounds} rounds of ${seconds} s, 16 connections, float32`
}

function describe ({ cpus, cpu, flags, memoryGiB, node }: Machine): string {
  return `${cpus} x ${cpu} (${flags.join(', ')}), ${memoryGiB} GiB, Node ${node}`
}
