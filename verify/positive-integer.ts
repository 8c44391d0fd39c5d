import { InvalidArgumentError } from 'commander'

/** Reads an option of the command line. Throws commander's InvalidArgumentError. */
export function positiveInteger (text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 1.')
  return Number(text)
}
