import { InvalidArgumentError } from 'commander'

/* Readers of options; they throw commander's InvalidArgumentError. */

export function wholeNumber (least: number, most: number): (text: string) => number {
  return checked((text) => /^\d{1,10}$/.test(text), least, most, 'a whole number')
}

export function number (least: number, most: number): (text: string) => number {
  return checked((text) => /^(\d+\.?\d*|\.\d+)(e-?\d{1,3})?$/i.test(text), least, most, 'a number')
}

function checked (isNumber: (text: string) => boolean, least: number, most: number, what: string): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (isNumber(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`It takes ${what} from ${least} to ${most}.`)
  }
}
