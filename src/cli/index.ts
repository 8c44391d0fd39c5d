import { inspect } from 'node:util'
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { endWithReader } from '../base/closed-pipe.js'
import { ENGINE_LOST } from '../base/end-now.js'
import { OperatorError, ServiceError, SystemFailure } from '../base/errors.js'
import type { Work } from '../service/inference.js'
import { readConfig, settingsHelp, type Config } from '../config.js'
import { examples } from './examples.js'
import { DEFECT, IMAGES_FAILED, OUTPUT_FAILED, WRONG_USE } from './exit-codes.js'
import { WHOLE, parseShard, type Shard } from './folder/shard.js'
import { OutputError } from './output-error.js'
import { addQuantizeCommand } from './quantize/command.js'
import { addTrainCommand } from './train/command.js'

/* What a command works with is loaded once it is known to be the one: all of it together takes a second. */

interface ModelOptions { readonly model?: string, readonly labels?: string }
interface ClassifyOptions extends ModelOptions {
  readonly topK?: number
  readonly json?: true
  readonly output?: string
  readonly shard?: Shard
  readonly crop?: string
  readonly cropScale?: string
}
interface EmbedOptions { readonly model?: string, readonly output: string, readonly normalize?: true }

/** The environment's settings, with what the command line says in their place. */
function configOf (overrides: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
  return readConfig({ ...process.env, ...given })
}

function count (text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 1.')
  return Number(text)
}

function namesOf (text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('')) throw new InvalidArgumentError('It takes names of models with commas between them.')
  return names
}

function shardOf (text: string): Shard {
  const shard = parseShard(text)
  if (shard === undefined) throw new InvalidArgumentError('It takes I/N, I from 0 to N - 1.')
  return shard
}

/** As POST /classify takes it. Throws an OperatorError. */
async function cropOf ({ crop, cropScale }: ClassifyOptions): Promise<Work['crop']> {
  const { readCrop } = await import('../routes/query.js')
  try {
    return readCrop(crop, cropScale)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    throw new OperatorError(error.message.replace('cropScale', '--crop-scale').replace(/^crop/, '--crop'))
  }
}

async function classify (files: string[], options: ClassifyOptions): Promise<number> {
  const { model, labels, topK, json, output, shard } = options
  const crop = await cropOf(options)
  const config = configOf({ MODEL: model, LABELS: labels })
  if (output === undefined) {
    if (shard !== undefined) throw new OperatorError('--shard needs --output, which is where its results go')
    const { classifyFiles } = await import('./classify.js')
    return await classifyFiles(files, { config, topK, json: json === true, crop }) === 0 ? 0 : IMAGES_FAILED
  }
  const [folder, ...others] = files
  if (folder === undefined || others.length > 0) throw new OperatorError('--output takes the pictures of one folder')
  const { classifyFolder } = await import('./folder/classify-folder.js')
  return await classifyFolder({ config, folder, output, topK: topK ?? 1, shard: shard ?? WHOLE, crop })
}

const MODEL_HELP = 'model to use, as MODEL takes it'

const FILES_HELP = 'image files, folders (searched for images) and patterns such as "photos/**/*.jpg"'

const program = new Command('xception')
  .description('Classifies images with Xception: as a service, or from the command line.')
  .addHelpText('after', `\nSettings are environment variables:\n\n${settingsHelp()}\n\n` +
    `Exit codes: 0, ${IMAGES_FAILED} if an image failed, ${WRONG_USE} for wrong use, ${ENGINE_LOST} if the engine is lost, ` +
    'the system lets no image be read or decoded, or the program has a defect, whose stack is printed, ' +
    `${OUTPUT_FAILED} if --output cannot be written, 130 and 143 after SIGINT and SIGTERM, ` +
    '141 if what reads the output ends before it.')
  .exitOverride()

program.command('serve')
  .description('serve POST /classify')
  .option('--model <model>', MODEL_HELP)
  .option('--labels <file>', 'file of labels')
  .option('--port <port>', 'port to listen on')
  .addHelpText('after', examples('serve', 'serve --model model.keras --labels labels.txt --port 9000'))
  .action(async (options: ModelOptions & { port?: string }) => {
    const config = configOf({ MODEL: options.model, LABELS: options.labels, PORT: options.port })
    const { serve } = await import('../server.js')
    await serve(config)
  })

program.command('classify')
  .description('classify image files, as the service would')
  .argument('<files...>', FILES_HELP)
  .option('--model <model>', MODEL_HELP)
  .option('--labels <file>', 'file of labels')
  .option('--top-k <count>', 'predictions an image (default: 5 for one file, 1 for more)', count)
  .option('--json', 'print one JSON object a line instead of a table')
  .option('--crop <x,y,width,height>', 'only this part of each image, in pixels of the upright image')
  .option('--crop-scale <factor>', 'with --crop: by how much it is scaled around its centre')
  .option('--output <file>', 'of one folder: append one JSON object a line to this file as pictures are done, and go on where it ends')
  .option('--shard <I/N>', 'with --output: only part I of N of the pictures, I from 0 to N - 1', shardOf)
  .addHelpText('after', examples(
    'classify docs/cat.jpg', 'classify --json --top-k 3 photos "more/**/*.png"', 'classify --model imagenet photos',
    'classify --crop 120,80,160,160 --crop-scale 1.3 docs/cat.jpg',
    'classify photos --output results.jsonl', 'classify photos --output results-0.jsonl --shard 0/4'
  ))
  .action(async (files: string[], options: ClassifyOptions) => {
    // TensorFlow's threads would keep the process for a moment longer.
    process.exit(await classify(files, options))
  })

program.command('embed')
  .description('write the pooled features of image files, for search and clustering')
  .argument('<files...>', FILES_HELP)
  .requiredOption('--output <file>', 'FILE.npy (float32, a row an image, with their names in FILE.txt) or FILE.jsonl')
  .option('--normalize', 'scale the features of each image to the length 1')
  .option('--model <model>', MODEL_HELP)
  .addHelpText('after', examples('embed photos --output features.npy', 'embed a.jpg b.jpg --normalize --output features.jsonl'))
  .action(async (files: string[], { model, output, normalize }: EmbedOptions) => {
    const config = configOf({ MODEL: model })
    const { embedFiles } = await import('./embedding/embed-files.js')
    const failed = await embedFiles(files, { config, output, normalize: normalize === true })
    process.exit(failed === 0 ? 0 : IMAGES_FAILED)
  })

program.command('describe')
  .description('print a model\'s layers (shapes, parameters, multiply-adds), or models side by side')
  .option('--model <model>', MODEL_HELP)
  .addOption(new Option('--compare <models>', 'models to set side by side, with commas between them').conflicts('model').argParser(namesOf))
  .option('--measure', 'with --compare: measure images a second at batch 1 and 8 on this CPU')
  .option('--json', 'print JSON instead of a table')
  .addHelpText('after', examples('describe', 'describe --model model.keras', 'describe --compare inception-v3,xception --measure'))
  .action(async (options: ModelOptions & { compare?: string[], measure?: true, json?: true }) => {
    const config = configOf({ MODEL: options.model })
    const json = options.json === true
    if (options.compare !== undefined) {
      const { compareModels } = await import('./compare.js')
      await compareModels(config, options.compare, { json, measure: options.measure === true })
    } else if (options.measure === true) {
      throw new OperatorError('--measure needs --compare, which names the models')
    } else {
      const { describeModel } = await import('./describe.js')
      await describeModel(config, { json })
    }
  })

program.command('presets')
  .description('list the networks that MODEL=preset:NAME makes')
  .option('--json', 'print JSON instead of a table')
  .addHelpText('after', examples('presets', 'describe --model preset:inception-v3', 'serve --model "preset:mobilenet?width=0.25&size=128"'))
  .action(async (options: { json?: true }) => {
    const { listPresets } = await import('./presets.js')
    listPresets({ json: options.json === true })
  })

program.command('compile')
  .description('compile a model into the cache, so that the service starts faster')
  .option('--model <model>', MODEL_HELP)
  .addHelpText('after', examples('compile --model imagenet', 'compile --model model.keras'))
  .action(async (options: ModelOptions) => {
    const config = configOf({ MODEL: options.model })
    const { compileModel } = await import('./compile.js')
    await compileModel(config)
  })

addTrainCommand(program, configOf)
addQuantizeCommand(program, configOf)

program.command('fetch')
  .description('download a model into the cache, for machines that will have no network')
  .addArgument(new Argument('<model>', 'the model to fetch').choices(['imagenet']))
  .addHelpText('after', examples('fetch imagenet', 'classify --model imagenet docs/cat.jpg'))
  .action(async () => {
    const config = configOf({})
    const { fetchImageNet } = await import('../sources/imagenet.js')
    const { showProgress } = await import('../sources/download-progress.js')
    process.stdout.write(`${await fetchImageNet({ ...config, onProgress: await showProgress() })}\n`)
  })

/** A sentence for whoever gave the command; of a defect what finds it. */
function textOf (error: unknown): string {
  if (error instanceof ServiceError) return `${error.code}: ${error.message}`
  return error instanceof OperatorError ? error.message : inspect(error)
}

function codeOf (error: unknown): number {
  if (error instanceof OutputError) return OUTPUT_FAILED
  if (error instanceof SystemFailure) return ENGINE_LOST
  return error instanceof OperatorError || error instanceof ServiceError ? WRONG_USE : DEFECT
}

endWithReader()
try {
  await program.parseAsync()
} catch (error) {
  // Help ends this way too. Nothing runs yet, so the process ends by itself, when what it printed is written.
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USE
  } else {
    process.stderr.write(`${textOf(error)}\n`)
    process.exit(codeOf(error))
  }
}
