import { Command, Option } from 'commander'
import { usableCpus } from '../src/base/cpus.js'
import { benchDecoding, decodingTable } from './measurements/decoding.js'
import { benchEngines, engineChart, engineTable, howEngine } from './measurements/engine-times.js'
import { benchExplain, explainTable } from './measurements/explain.js'
import { benchFolder, folderTable } from './measurements/folder.js'
import { benchHold, holdTables } from './measurements/hold.js'
import { benchHttp, howHttp, httpTable } from './measurements/http.js'
import { benchKernels, kernelsTables } from './measurements/kernels.js'
import { describeMachine } from './report/machine.js'
import { benchMemory, growthTable, loadedTable } from './measurements/memory.js'
import { KINDS, saveResult, writeResultFile } from './report/results.js'
import { benchRequest, requestTable } from './measurements/request.js'
import { benchStart, startTable } from './measurements/start-times.js'
import { benchThreads, howThreads, threadsTable } from './measurements/threads.js'
import { positiveInteger } from '../verify/positive-integer.js'
import { formatTable } from '../verify/table.js'
import { benchTraining, howTraining, trainingTable } from './measurements/training.js'
import { benchWorkers, workersTable } from './measurements/workers.js'

type Kind = (typeof KINDS)[number]

interface Options {
  readonly only?: Kind
  readonly rounds: number
  readonly threadsRounds: number
  readonly httpRounds: number
  readonly folderRounds: number
  readonly decodingRounds: number
  readonly pictures: number
  readonly seconds: number
  readonly starts: number
  readonly trainRounds: number
  readonly images: number
  readonly threads: number
  readonly model?: string
  readonly avx2?: true
  readonly beside?: string
}

const options = new Command('npm run bench --')
  .description('Measures the service beside its peers, prints a table and writes bench/results/.')
  .addOption(new Option('--only <kind>', 'measure one thing').choices(KINDS))
  .option('--rounds <count>', 'rounds of the engine benchmark', positiveInteger, 10)
  .option('--threads-rounds <count>', 'rounds of the benchmark of threads', positiveInteger, 5)
  .option('--http-rounds <count>', 'rounds of the HTTP benchmark', positiveInteger, 3)
  .option('--seconds <count>', 'seconds of load on each server at each number of connections', positiveInteger, 20)
  .option('--decoding-rounds <count>', 'rounds of the benchmark of decoding', positiveInteger, 7)
  .option('--folder-rounds <count>', 'rounds of the benchmark of a folder', positiveInteger, 5)
  .option('--pictures <count>', 'pictures in that folder', positiveInteger, 200)
  .option('--starts <count>', 'cold and warm starts of each network', positiveInteger, 5)
  .option('--train-rounds <count>', 'rounds of the benchmark of training', positiveInteger, 5)
  .option('--images <count>', 'images after which the resident set is read', positiveInteger, 10_000)
  .option('--threads <count>', 'threads that every engine computes with', positiveInteger, usableCpus())
  .option('--avx2', 'keep this project\'s kernels, and oneDNN in all that has it, to AVX2')
  .option('--beside <folder>', 'another state of this repository, set up, that requests are measured in turns with')
  .option('--model <folder>', 'model package with real weights; random weights otherwise')
  .parse()
  .opts<Options>()

// Processes that are started have it from here; who has no oneDNN goes on as before.
if (options.avx2 === true) Object.assign(process.env, { XCEPTION_MAX_CPU_ISA: 'AVX2', ONEDNN_MAX_CPU_ISA: 'AVX2' })
const machine = describeMachine()
const { cpus, cpu, flags, memoryGiB, platform, node, nativeBfloat16 } = machine
const bfloat16 = nativeBfloat16 ? '' : '; no native bfloat16, so it is left out'
console.log(`${cpus} x ${cpu} (${flags.join(', ')}), ${memoryGiB} GiB, ${platform}, Node ${node}${bfloat16}\n`)

const benches: Record<Kind, () => Promise<void>> = {
  engine: async () => {
    const result = await benchEngines(machine, { rounds: options.rounds, threads: options.threads, model: options.model })
    console.log(`${formatTable(engineTable(result))}\n\n${result.weights} weights; ${howEngine(result)}\n`)
    await saveResult('engine', machine, result)
    await writeResultFile('engine.svg', engineChart(result))
  },
  kernels: async () => {
    const result = await benchKernels(machine, { rounds: options.rounds, threads: options.threads })
    for (const { title, table } of kernelsTables(result)) console.log(`${formatTable(table)}\n\n${title}\n`)
    console.log(`the shortest of ${result.rounds} rounds, ${result.threads} threads${result.threads === 1 ? ', of its own time' : ''}\n`)
    await saveResult('kernels', machine, result)
  },
  threads: async () => {
    const result = await benchThreads(machine, { rounds: options.threadsRounds, threads: options.threads, model: options.model })
    console.log(`${formatTable(threadsTable(result))}\n\n${result.weights} weights; ${howThreads(result)}\n`)
    await saveResult('threads', machine, result)
  },
  http: async () => {
    const result = await benchHttp(machine, { ...options, rounds: options.httpRounds, model: options.model })
    console.log(`${formatTable(httpTable(result))}\n\n${result.weights} weights; ${howHttp(result)}; clients on the same machine\n`)
    const workers = await benchWorkers({ ...options, rounds: options.httpRounds, model: options.model })
    console.log(`${formatTable(workersTable(workers))}\n\nour service at 16 connections, float32\n`)
    await saveResult('http', machine, { ...result, workers })
  },
  decoding: async () => {
    const result = await benchDecoding({ rounds: options.decodingRounds, model: options.model })
    console.log(`${formatTable(decodingTable(result))}\n\nmedians and quartiles of ${result.rounds} rounds, one image at a time\n`)
    await saveResult('decoding', machine, result)
  },
  request: async () => {
    const result = await benchRequest(machine, { threads: options.threads, model: options.model, beside: options.beside })
    console.log(formatTable(requestTable(result)))
    const { requests, threads, weights } = result
    console.log(`\nmilliseconds: medians and quartiles of ${requests} requests in turn, ${threads} threads, ${weights} weights\n`)
    await saveResult('request', machine, result)
  },
  folder: async () => {
    const result = await benchFolder({ ...options, rounds: options.folderRounds, model: options.model })
    console.log(formatTable(folderTable(result)))
    const { rounds, pictures, threads, weights } = result
    console.log(`\nmedians and quartiles of ${rounds} rounds of ${pictures} photos, ${threads} threads, ${weights} weights, float32\n`)
    await saveResult('folder', machine, result)
  },
  start: async () => {
    const result = await benchStart({ runs: options.starts, threads: options.threads, model: options.model })
    console.log(formatTable(startTable(result)))
    console.log(`\nmedians and quartiles of ${result.runs} starts, ${result.weights} weights of the full-size network\n`)
    await saveResult('start', machine, result)
  },
  memory: async () => {
    const result = await benchMemory(machine, { images: options.images, threads: options.threads, model: options.model })
    console.log(`${formatTable(loadedTable(result))}\n\nfull-size network, ${result.weights} weights, ready and one photo classified\n`)
    console.log(`${formatTable(growthTable(result))}\n\nbundled network\n`)
    await saveResult('memory', machine, result)
  },
  explain: async () => {
    const result = await benchExplain(machine, { rounds: options.rounds, threads: options.threads, model: options.model })
    console.log(`${formatTable(explainTable(result))}\n\nmedians and quartiles of ${result.rounds} rounds, ${result.threads} threads\n`)
    await saveResult('explain', machine, result)
  },
  hold: async () => {
    const result = await benchHold({ seconds: options.seconds, threads: options.threads, model: options.model })
    for (const [promise, table] of Object.entries(holdTables(result))) console.log(`${promise}\n${formatTable(table)}\n`)
    await saveResult('hold', machine, result)
  },
  train: async () => {
    const result = await benchTraining(machine, { rounds: options.trainRounds, threads: options.threads })
    console.log(`${formatTable(trainingTable(result))}\n\n${howTraining(result)}\n`)
    await saveResult('train', machine, result)
  }
}
for (const kind of options.only === undefined ? KINDS : [options.only]) await benches[kind]()
