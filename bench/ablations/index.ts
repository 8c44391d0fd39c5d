import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { usableCpus } from '../../src/base/cpus.js'
import { totalCounts } from '../../src/model/counts.js'
import { tensorFlowEnvironment } from '../../src/engine/backend.js'
import { trainNetwork } from '../../src/train/fit/train-network.js'
import { DEFAULT_RECIPE, type Recipe } from '../../src/train/fit/recipe.js'
import { positiveInteger } from '../positive-integer.js'
import { describeMachine } from '../report/machine.js'
import { ARM_NAMES, networkOf, type ArmName } from './arms.js'
import { openAll, type Pictures } from './pictures.js'
import { writeReport } from './report.js'
import type { AblationRun, SavedAblations } from './results.js'

/* Trains all networks with all seeds, one after the other. What is done is kept and not done again. */

const RESULT = fileURLToPath(new URL('../../../bench/results/ablations.json', import.meta.url))
const WORK = fileURLToPath(new URL('../../../.ablations/', import.meta.url))

interface Options {
  readonly train: string
  readonly test: string
  readonly epochs: number
  readonly seeds: number
  readonly threads: number
  readonly only?: ArmName
}

const options = new Command('npm run ablations --')
  .description('Trains small networks that differ in one thing and writes bench/results/ablations.json and docs/family.md.')
  .requiredOption('--train <archive>', 'CIFAR-10\'s training pictures, a folder a class')
  .requiredOption('--test <archive>', 'its test pictures, for the last figure alone')
  .option('--epochs <count>', 'how often each picture is seen', positiveInteger, 10)
  .option('--seeds <count>', 'trainings of each network', positiveInteger, 3)
  .option('--threads <count>', 'threads of TensorFlow', positiveInteger, usableCpus())
  .addOption(new Option('--only <network>', 'train one of them').choices(ARM_NAMES))
  .parse()
  .opts<Options>()

const { seed: _seed, ...recipe }: Recipe = { ...DEFAULT_RECIPE, epochs: options.epochs }
const pictures = await openAll(options.train, options.test)
const runs: AblationRun[] = []
for (let seed = 1; seed <= options.seeds; seed++) {
  for (const arm of options.only === undefined ? ARM_NAMES : [options.only]) {
    runs.push(await doneBefore(arm, seed) ?? await run(arm, seed, pictures))
    const result = await save(runs, pictures)
    if (options.only === undefined && runs.length >= ARM_NAMES.length) await writeReport(result)
  }
}
process.exit(0)

async function run (arm: ArmName, seed: number, { train, validation, test, dataset }: Pictures): Promise<AblationRun> {
  const network = networkOf(arm)
  const folder = `${WORK}${nameOf(arm, seed)}`
  const startedAt = performance.now()
  const trained = await trainNetwork({
    network,
    recipe: { ...recipe, seed },
    precision: 'float32',
    train,
    validation,
    test,
    dataset,
    environment: tensorFlowEnvironment({ backend: 'cpu', threads: options.threads }),
    folder,
    watcher: {}
  })
  if (trained?.test === undefined) throw new Error('the training ended without a judgement')
  const seconds = (performance.now() - startedAt) / 1000
  const { accuracy } = trained.test
  const counts = totalCounts(network.layers)
  console.log(`${arm}, seed ${seed}: held back ${trained.epochs.at(-1)?.validationAccuracy ?? NaN}, ${seconds.toFixed(0)} s`)
  const done: AblationRun = { arm, ...counts, seed, epochs: trained.epochs, testAccuracy: accuracy }
  await mkdir(WORK, { recursive: true })
  await writeFile(`${folder}.json.partial`, JSON.stringify(done))
  await rename(`${folder}.json.partial`, `${folder}.json`)
  await rm(folder, { recursive: true })
  return done
}

async function doneBefore (arm: ArmName, seed: number): Promise<AblationRun | undefined> {
  try {
    return JSON.parse(await readFile(`${WORK}${nameOf(arm, seed)}.json`, 'utf8')) as AblationRun
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Of all that decides a run. */
function nameOf (arm: ArmName, seed: number): string {
  const decides = JSON.stringify([networkOf(arm), recipe, pictures.dataset])
  return `${arm.replace(/\W+/g, '-')}-${seed}-${createHash('sha256').update(decides).digest('hex').slice(0, 12)}`
}

async function save (runs: readonly AblationRun[], { train, validation, test }: Pictures): Promise<SavedAblations> {
  const result: SavedAblations = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    recipe,
    trainPictures: train.labels.length,
    validationPictures: validation.labels.length,
    testPictures: test.labels.length,
    runs
  }
  await writeFile(RESULT, `${JSON.stringify(result, null, 1)}\n`)
  return result
}
