import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError, Option } from 'commander'
import { usableCpus } from '../src/cpus.js'
import { benchEngines, engineChart, engineTable } from './engine-bench.js'
import { benchHttp, httpTable } from './http-bench.js'
import { describeMachine } from './machine.js'

const RESULTS = fileURLToPath(new URL('../../bench/results/', import.meta.url))
const KINDS = ['engine', 'http'] as const
type Kind = (typeof KINDS)[number]

interface Options {
  readonly only?: Kind
  readonly rounds: number
  readonly httpRounds: number
  readonly seconds: number
  readonly threads: number
  readonly model?: string
}

const options = new Command('npm run bench --')
  .description('Measures the service beside its peers, prints a table and writes bench/results/.')
  .addOption(new Option('--only <kind>', 'measure one thing').choices(KINDS))
  .option('--rounds <count>', 'rounds of the engine benchmark', positiveInteger, 10)
  .option('--http-rounds <count>', 'rounds of the HTTP benchmark', positiveInteger, 3)
  .option('--seconds <count>', 'seconds of load on each server at each number of connections', positiveInteger, 20)
  .option('--threads <count>', 'threads that every engine computes with', positiveInteger, usableCpus())
  .option('--model <folder>', 'model package with real weights; random weights otherwise')
  .parse()
  .opts<Options>()

const machine = describeMachine()
console.log(`${machine.cpus} x ${machine.cpu} (${machine.flags.join(', ')}), ${machine.memoryGiB} GiB, ${machine.platform}, Node ${machine.node}${machine.nativeBfloat16 ? '' : '; no native bfloat16, so it is left out'}\n`)

const benches: Record<Kind, () => Promise<void>> = {
  engine: async () => {
    const result = await benchEngines(machine, { rounds: options.rounds, threads: options.threads, model: options.model })
    console.log(`${engineTable(result)}\n\nmedians and quartiles of ${result.rounds} rounds, ${result.threads} threads, ${result.weights} weights; ${Object.values(result.versions).join('; ')}\n`)
    await save('engine', result)
    await writeFile(`${RESULTS}engine.svg`, engineChart(result))
  },
  http: async () => {
    const result = await benchHttp(machine, { ...options, rounds: options.httpRounds, model: options.model })
    console.log(`${httpTable(result)}\n\nmedians of ${result.rounds} rounds of ${result.seconds} s, ${result.threads} threads, ${result.weights} weights; clients on the same machine\n`)
    await save('http', result)
  }
}
for (const kind of options.only === undefined ? KINDS : [options.only]) await benches[kind]()

async function save (kind: Kind, result: object): Promise<void> {
  await mkdir(RESULTS, { recursive: true })
  await writeFile(`${RESULTS}${kind}.json`, `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), machine, ...result }, null, 2)}\n`)
}

function positiveInteger (text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 1.')
  return Number(text)
}
