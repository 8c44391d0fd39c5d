import { parseArgs } from 'node:util'
import { calibrate, measure } from './measure.js'
import { simulate, type Outcome, type Policy, type Replica } from './simulate.js'

/*
 * How many replicas does a load need, and which batch policy serves it best? Measures the service times of the model here,
 * compares the simulation with the real service at one load, then simulates the rest.
 */
const HELP = `Usage: npm run bench:capacity -- [options]

  --rate N        images a second to plan for (200)
  --objective N   p99 to keep, in milliseconds (500)
  --cores N       cores of one replica, which TENSORFLOW_THREADS gets too (1)
  --price N       price of a core-hour, in any currency (0.04)
  --duration N    seconds that the comparison runs (20)

MODEL and the other settings are read from the environment, as the service does.
`
const OPTIONS = { rate: '200', objective: '500', cores: '1', price: '0.04', duration: '20' }
/** Load of the comparison: a share of what the engine could do image by image. */
const COMPARED_SHARE = 0.35
const MAX_BATCH_SIZE = 8
const POLICIES: readonly Policy[] = [
  { maxBatchSize: 1, batchDelayMs: 0 },
  { maxBatchSize: 4, batchDelayMs: 0 },
  { maxBatchSize: MAX_BATCH_SIZE, batchDelayMs: 0 },
  { maxBatchSize: MAX_BATCH_SIZE, batchDelayMs: 10 }
]
const REQUESTS = 100_000
const MOST_REPLICAS = 100
/** An engine that is busier than this has a queue that grows. */
const SATURATED = 0.99

const settings = Object.fromEntries(Object.keys(OPTIONS).map((name) => [name, { type: 'string' }] as const))
const { values } = parseArgs({ options: { help: { type: 'boolean' }, ...settings } })
if (values.help === true) {
  process.stdout.write(HELP)
} else {
  const numbers = Object.entries(OPTIONS).map(([name, fallback]) => positive(name, String(values[name as keyof typeof values] ?? fallback)))
  const [rate, objectiveMs, cores, price, durationSeconds] = numbers as [number, number, number, number, number]
  const env = { TENSORFLOW_THREADS: String(cores) }
  const replica = await calibrate(env, MAX_BATCH_SIZE)
  const inference = replica.inferenceMs.map((value) => value.toFixed(1)).join(' ')
  const outside = `decode ${ms(replica.decodeMs)}, HTTP ${ms(replica.overheadMs)}`
  print(`Service times: ${outside}, inference of 1 to ${MAX_BATCH_SIZE} images ${inference} ms`)
  await compare(replica, env, durationSeconds)
  plan(replica, { rate, objectiveMs, cores, price })
}

async function compare (replica: Replica, env: Record<string, string>, durationSeconds: number): Promise<void> {
  const arrivalRate = COMPARED_SHARE * 1000 / (replica.inferenceMs[0] ?? NaN)
  const policy = { maxBatchSize: MAX_BATCH_SIZE, batchDelayMs: 0 }
  const simulated = simulate(replica, policy, { arrivalRate, replicas: 1, requests: REQUESTS, seed: 1 })
  const replicaEnv = { ...env, MAX_BATCH_SIZE: String(MAX_BATCH_SIZE), BATCH_DELAY_MS: '0' }
  const measured = await measure(replicaEnv, arrivalRate, durationSeconds * 1000)
  print(`\nOne replica at ${arrivalRate.toFixed(0)} images a second:`)
  for (const [name, outcome] of [['simulated', simulated], ['measured', measured]] as const) {
    const latencies = `p50 ${ms(outcome.p50Ms)}, p99 ${ms(outcome.p99Ms)}`
    print(`  ${name}  ${latencies}, ${outcome.meanBatchSize.toFixed(2)} images a batch, engine busy ${percent(outcome.engineBusy)}`)
  }
}

interface Demand {
  readonly rate: number
  readonly objectiveMs: number
  readonly cores: number
  /** Price of a core-hour. */
  readonly price: number
}

function plan (replica: Replica, { rate, objectiveMs, cores, price }: Demand): void {
  print(`\n${rate} images a second, p99 within ${objectiveMs} ms:\n`)
  print('| batch | delay | replicas | p50 | p99 | images a batch | engine busy | price of a million images |')
  print('| --- | --- | --- | --- | --- | --- | --- | --- |')
  for (const policy of POLICIES) {
    const found = fewestReplicas(replica, policy, rate, objectiveMs)
    const cells = found === undefined
      ? [`none of 1 to ${MOST_REPLICAS}`, '', '', '', '', '']
      : [
          String(found.replicas), ms(found.p50Ms), ms(found.p99Ms), found.meanBatchSize.toFixed(2), percent(found.engineBusy),
          (found.replicas * cores * price * 1e6 / rate / 3600).toFixed(2)
        ]
    print(`| ${[String(policy.maxBatchSize), ms(policy.batchDelayMs), ...cells].join(' | ')} |`)
  }
}

type Plan = Outcome & { readonly replicas: number }

function fewestReplicas (replica: Replica, policy: Policy, arrivalRate: number, objectiveMs: number): Plan | undefined {
  for (let replicas = 1; replicas <= MOST_REPLICAS; replicas++) {
    const outcome = simulate(replica, policy, { arrivalRate, replicas, requests: REQUESTS, seed: 1 })
    if (outcome.engineBusy < SATURATED && outcome.p99Ms <= objectiveMs) return { ...outcome, replicas }
  }
  return undefined
}

function positive (name: string, text: string): number {
  const value = Number(text)
  if (!(value > 0 && value < Infinity)) throw new Error(`--${name}=${text} is not a number above 0`)
  return value
}

function ms (value: number): string {
  return `${value.toFixed(1)} ms`
}

function percent (share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

function print (line: string): void {
  process.stdout.write(`${line}\n`)
}
