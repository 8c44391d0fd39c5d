import { InvalidArgumentError, Option, type Command } from 'commander'
import { OperatorError } from '../../base/errors.js'
import type { Config } from '../../config.js'
import type { Shares } from '../../train/data/index.js'
import { examples } from '../examples.js'
import { wholeNumber } from '../numbers.js'
import { addRecipeOptions, recipeOf, type RecipeOptions } from './recipe-options.js'

interface TrainOptions extends RecipeOptions {
  readonly from?: string
  readonly headOnly?: true
  readonly preset?: string
  readonly out: string
  readonly augment: number
  readonly classWeights: 'none' | 'balanced'
  readonly split: Shares
  readonly foldersAreClasses?: true
  readonly refit: boolean
  readonly seed: number
  readonly folds: number
}

const [FEWEST_FOLDS, MOST_FOLDS] = [2, 20]
const MOST_VARIANTS = 100
const MOST_SEEDS = 2 ** 31 - 1

/** Adds the command `train`; `configOf` gives the settings with those of the command line in their place. */
export function addTrainCommand (program: Command, configOf: (overrides: Record<string, string | undefined>) => Config): void {
  const command = program.command('train')
    .description('fit a model to pictures of your own classes')
    .argument('<folder>', 'folder, .zip, .tar or .tgz of pictures: a folder a class, in train, validation and test where they are split')
    .option('--from <model>', 'model to begin with, as MODEL takes it')
    .option('--head-only', 'keep the network up to its global pooling and fit a new classifier behind it')
    .addOption(new Option('--preset <name>', 'train a whole network from nothing, as MODEL takes it after preset:')
      .conflicts(['from', 'headOnly', 'augment', 'classWeights', 'folds']))
    .requiredOption('--out <package>', 'model package to write, with how it came about beside it')
    .option('--augment <count>', 'fit to so many mirrored and cropped variants of each picture, too', wholeNumber(0, MOST_VARIANTS), 0)
    .addOption(new Option('--class-weights <weights>', 'balanced counts every class the same, however many pictures it has')
      .choices(['none', 'balanced']).default('none'))
    .addOption(new Option('--split <percents>', 'pictures to put aside for validation and test where they are not split')
      .argParser(shares).default({ validation: 0.1, test: 0.1 }, '10,10'))
    .option('--seed <number>', 'decides what is put aside, and the folds', wholeNumber(0, MOST_SEEDS), 1)
    .option('--folders-are-classes', 'each folder is a class, also those whose names look like splits')
    .option('--no-refit', 'keep what was fitted to the training split: once it is judged, another fit is made, to all pictures')
    .option('--folds <count>', 'of the cross-validation that chooses the penalty', wholeNumber(FEWEST_FOLDS, MOST_FOLDS), 5)
  addRecipeOptions(command)
    .addHelpText('after', examples(
      'train photos --from imagenet --head-only --out flowers', 'train photos.tgz --from model.keras --head-only --augment 3 --out flowers',
      'train photos --from imagenet --head-only --split 0,0 --out flowers',
      'train photos.tgz --preset "xception?width=0.25&size=64&stem=1" --epochs 60 --mixup 0.2 --out flowers'
    ))
    .action(async (dataset: string, options: TrainOptions) => {
      const { out, split, seed, foldersAreClasses } = options
      const pictures = {
        dataset,
        out,
        shares: split,
        sharesAreStated: command.getOptionValueSource('split') === 'cli',
        foldersAreClasses: foldersAreClasses === true,
        seed
      }
      process.exit(await (options.preset === undefined ? head(options) : whole(options.preset)))

      async function whole (preset: string): Promise<number> {
        const { trainPreset } = await import('./train-preset.js')
        return await trainPreset({ ...pictures, config: configOf({}), preset, recipe: recipeOf(options, seed), refit: options.refit })
      }

      async function head ({ from, headOnly, augment, classWeights, folds, refit }: TrainOptions): Promise<number> {
        if (from === undefined || headOnly === undefined) {
          throw new OperatorError('train takes --from MODEL with --head-only, or --preset NAME')
        }
        const { trainHead } = await import('./train-head.js')
        const how = { augment, balanced: classWeights === 'balanced', folds, refit }
        return await trainHead({ ...pictures, config: configOf({ MODEL: from }), ...how })
      }
    })
}

function shares (text: string): Shares {
  const [, validation, test] = /^(\d{1,2}),(\d{1,2})$/.exec(text) ?? []
  const [first, second] = [Number(validation), Number(test)]
  if (first + second <= 90) return { validation: first / 100, test: second / 100 }
  throw new InvalidArgumentError('It takes VALIDATION,TEST in percent, together at most 90, such as 10,10 or 0,0.')
}
