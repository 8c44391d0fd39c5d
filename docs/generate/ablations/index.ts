import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { usableCpus } from '../../../src/base/cpus.js'
import { inOrder } from '../../../src/base/in-order.js'
import { totalCounts } from '../../../src/model/counts.js'
import { trainNetwork } from '../../../src/train/fit/train-network.js'
import { DEFAULT_RECIPE, type Recipe } from '../../../src/train/fit/recipe.js'
import { trainingEnvironment } from '../../../src/train/process/environment.js'
import { positiveInteger } from '../../../verify/positive-integer.js'
import { jsonInLines } from '../../../bench/report/json-lines.js'
import { describeMachine } from '../../../bench/report/machine.js'
import { ARM_NAMES, networkOf, type ArmName } from './arms.js'
import { openAll } from './pictures.js'
import { writeReport } from './report.js'
import type { AblationRun, SavedAblations } from './results.js'

/* Trains all networks with all seeds. What is done is kept and not done again. */

const RESULT = fileURLToPath(new URL('../../../../bench/results/ablations.json', import.meta.url))
const WORK = fileURLToPath(new URL('../../../../.ablations/', import.meta.url))

interface Options {
  readonly train: string
  readonly test: string
  readonly epochs: number
  readonly seeds: number
  readonly jobs: number
  readonly only?: ArmName
}

const options = new Command('npm run ablations --')
  .description('Trains small networks that differ in one thing and writes bench/results/ablations.json and docs/family.md.')
  .requiredOption('--train <archive>', 'CIFAR-10\'s training pictures, a folder a class')
  .requiredOption('--test <archive>', 'its test pictures, for the last figure alone')
  .option('--epochs <count>', 'how often each picture is seen', positiveInteger, 10)
  .option('--seeds <count>', 'trainings of each network', positiveInteger, 3)
  .option('--jobs <count>', 'trainings at a time, each on one thread', positiveInteger, usableCpus())
  .addOption(new Option('--only <network>', 'train one of them').choices(ARM_NAMES))
  .parse()
  .opts<Options>()

const { seed: _seed, ...recipe }: Recipe = { ...DEFAULT_RECIPE, epochs: options.epochs }
const pictures = await openAll(options.train, options.test)
const arms = options.only === undefined ? ARM_NAMES : [options.only]
const todo = Array.from({ length: options.seeds }, (_, index) => arms.map((arm) => ({ arm, seed: index + 1 }))).flat()
const runs: AblationRun[] = []
for await (const done of inOrder(todo, options.jobs, async ({ arm, seed }) => await doneBefore(arm, seed) ?? await run(arm, seed))) {
  runs.push(done)
  await save(runs)
}
if (options.only === undefined) await writeReport(await save(runs))
process.exit(0)

async function run (arm: ArmName, seed: number): Promise<AblationRun> {
  const { train, validation, test, dataset } = pictures
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
    environment: trainingEnvironment({ backend: 'cpu', threads: 1 }),
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

/** A name made of all that decides a run. */
function nameOf (arm: ArmName, seed: number): string {
  const decides = JSON.stringify([networkOf(arm), recipe, pictures.dataset])
  return `${arm.replace(/\W+/g, '-')}-${seed}-${createHash('sha256').update(decides).digest('hex').slice(0, 12)}`
}

async function save (done: readonly AblationRun[]): Promise<SavedAblations> {
  const { train, validation, test } = pictures
  const result: SavedAblations = {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    recipe,
    trainPictures: train.labels.length,
    validationPictures: validation.labels.length,
    testPictures: test.labels.length,
    runs: done
  }
  await writeFile(RESULT, jsonInLines(result))
  return result
}
