import { constants } from 'node:os'

/** At least one image failed; the others were done. */
export const IMAGES_FAILED = 1
/** Wrong use: an unknown option, a wrong setting, a model that cannot be opened. */
export const WRONG_USE = 2
/** A fault of this program, whose stack it prints (EX_SOFTWARE of sysexits.h). */
export const DEFECT = 70
/** What was asked for cannot be written, as on a full disk (EX_IOERR of sysexits.h). */
export const OUTPUT_FAILED = 74

/** What a shell says of a program that a signal ended. */
export function interruptedBy (signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}
