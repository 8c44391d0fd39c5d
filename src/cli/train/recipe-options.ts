import { Option, type Command } from 'commander'
import { DEFAULT_RECIPE, type Recipe } from '../../train/fit/recipe.js'
import { number, wholeNumber } from '../numbers.js'

/** As commander gives them; the seed is the command's own. */
export type RecipeOptions = Omit<Recipe, 'seed'>

const [MOST_EPOCHS, LARGEST_BATCH, FARTHEST_SHIFT] = [100_000, 4096, 64]

/** Adds what decides how a whole network is trained. */
export function addRecipeOptions (command: Command): Command {
  const of = (flags: string, description: string, key: keyof RecipeOptions, read: (text: string) => number): Option => (
    new Option(flags, `with --preset: ${description}`).argParser(read).default(DEFAULT_RECIPE[key])
  )
  return command
    .addOption(of('--epochs <count>', 'how often each picture is seen', 'epochs', wholeNumber(1, MOST_EPOCHS)))
    .addOption(of('--batch <count>', 'pictures of a step', 'batch', wholeNumber(2, LARGEST_BATCH)))
    .addOption(of('--learning-rate <number>', 'the highest, at the end of the warm-up', 'learningRate', number(0, 100)))
    .addOption(of('--warm-up <share>', 'share of the steps in which it rises; then it falls along a cosine', 'warmUp', number(0, 0.9)))
    .addOption(of('--momentum <share>', 'of the last update, in Nesterov\'s form', 'momentum', number(0, 0.999)))
    .addOption(of('--weight-decay <number>', 'of kernels', 'weightDecay', number(0, 1)))
    .addOption(of('--label-smoothing <share>', 'of a label that all classes have alike', 'labelSmoothing', number(0, 0.9)))
    .addOption(of('--mixup <number>', 'mix pictures in pairs, by shares from Beta(number, number)', 'mixup', number(0, 1)))
    .addOption(of('--shift <pixels>', 'move pictures by chance, at most so far', 'shift', wholeNumber(0, FARTHEST_SHIFT)))
    .option('--no-flip', 'with --preset: do not mirror pictures by chance')
}

/** The recipe alone, of all that commander gives. */
export function recipeOf (options: RecipeOptions, seed: number): Recipe {
  const { epochs, batch, learningRate, warmUp, momentum, weightDecay, labelSmoothing, mixup, shift, flip } = options
  return { epochs, batch, learningRate, warmUp, momentum, weightDecay, labelSmoothing, mixup, shift, flip, seed }
}
