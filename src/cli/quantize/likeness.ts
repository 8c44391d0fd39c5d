import { OperatorError } from '../../base/errors.js'
import type { Likeness } from '../../quantize/calibration/likeness.js'
import { countOf } from '../progress.js'
import { say } from '../say.js'
import type { QuantizationReport } from './report.js'

/** Photos of any kind, four or more, have a spread from 0.56 and a shift up to 0.35; black ones 0.12, noise a shift of 0.47. */
const [LEAST_SPREAD, MOST_SHIFT] = [0.4, 0.42]
/** Pictures below which less spread is enough, since one of so few may be a plain one: photos have 0.25 at least. */
const [FEW_TO_COMPARE, LEAST_SPREAD_OF_FEW] = [4, 0.2]
/** What flat pictures of any colour stay below: ranges by them are worse than those without pictures. */
const NO_SPREAD = 0.15
/** Fewer choose ranges, or judge, by chance. */
const FEW = 10

const ADVICE = 'take pictures such as it will see; without --images, ranges follow from the batch normalizations'

/** Numbers of pictures: those that the likeness is of, all that choose ranges, and those that judge them. */
interface Counts extends Pick<QuantizationReport['pictures'], 'calibration' | 'heldOut'> {
  readonly compared: number
}

/**
 * Says where pictures look like nothing that the network was trained on, and where there are few. Throws an OperatorError where they show
 * nothing at all.
 */
export function sayUnlikely (likeness: Likeness | undefined, { compared, calibration, heldOut }: Counts): void {
  if (likeness !== undefined) sayUnlike(likeness, compared < FEW_TO_COMPARE)
  if (calibration >= FEW && heldOut >= FEW) return
  const judges = heldOut === 0 ? 'none is left to judge' : `only ${countOf(heldOut)} judge${heldOut === 1 ? 's' : ''}`
  say(`Warning: ranges are chosen by ${countOf(calibration)}, and ${judges} what int8 costs: take a few dozen at least.`)
}

function sayUnlike ({ spread, shift }: Likeness, areFew: boolean): void {
  const found = `variance ${spread.toFixed(2)} of that in training, means ${shift.toFixed(2)} deviations off`
  if (spread < NO_SPREAD) {
    throw new OperatorError(`The pictures show nothing to the network (${found}), so other pictures would be computed wrongly: ${ADVICE}.`)
  }
  if (spread >= (areFew ? LEAST_SPREAD_OF_FEW : LEAST_SPREAD) && (areFew || shift <= MOST_SHIFT)) return
  say(`Warning: the pictures look like nothing that the network was trained on (${found}). What int8 costs is measured on such pictures, ` +
    `and may be far more on others: ${ADVICE}.`)
}
