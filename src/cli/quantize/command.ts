import type { Command } from 'commander'
import type { Config } from '../../config.js'
import { examples } from '../examples.js'
import { number, wholeNumber } from '../numbers.js'

interface CommandOptions {
  readonly images?: string
  readonly out: string
  readonly labels?: string
  readonly keep?: number
  readonly logitError: number
  readonly seed: number
}

const MOST_LAYERS = 1000
const MOST_SEEDS = 2 ** 31 - 1
const [LEAST_ERROR, MOST_ERROR] = [0.01, 10]

/** Adds the command `quantize`; `configOf` gives the settings with those of the command line in their place. */
export function addQuantizeCommand (program: Command, configOf: (overrides: Record<string, string | undefined>) => Config): void {
  program.command('quantize')
    .description('prepare a model for PRECISION=int8, and measure what that costs')
    .argument('<model>', 'model to quantize, as MODEL takes it')
    .option('--images <folder>', 'folder, .zip, .tar or .tgz of pictures such as it will see; without, its batch normalizations have to do')
    .requiredOption('--out <package>', 'model package to write, with quantization.json beside it')
    .option('--labels <file>', 'file of labels')
    .option('--keep <count>', 'layers to leave in float32 or bfloat16, those that cost most (default: as many as --logit-error takes)',
      wholeNumber(0, MOST_LAYERS))
    .option('--logit-error <error>', 'root mean square by which logits may differ from those in float32 on average',
      number(LEAST_ERROR, MOST_ERROR), 0.2)
    .option('--seed <number>', 'decides which pictures are held out', wholeNumber(0, MOST_SEEDS), 1)
    .addHelpText('after', examples(
      'quantize imagenet --images photos --out xception-int8', 'quantize model.keras --images photos.tgz --keep 4 --out model-int8',
      'quantize imagenet --out xception-int8', 'serve --model xception-int8'
    ))
    .action(async (model: string, { labels, images, out, keep, logitError, seed }: CommandOptions) => {
      const { quantizeModel } = await import('./quantize.js')
      process.exit(await quantizeModel({ config: configOf({ MODEL: model, LABELS: labels }), images, out, keep, logitError, seed }))
    })
}
