/** Significant digits that some float32 numbers need, and those that all do with. */
const [FEWEST_DIGITS, MOST_DIGITS] = [7, 9]
/** Those powers of ten that a double holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

/** A float32 number as one whose decimal form is short, 7 to 9 digits where a double takes 17, and still means the same float32. */
export function shortened (value: number): number {
  const exponent = Math.floor(Math.log10(Math.abs(value)))
  for (let digits = FEWEST_DIGITS; digits < MOST_DIGITS; digits++) {
    const short = rounded(value, digits, digits - 1 - exponent)
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(MOST_DIGITS))
}

/** To so many digits, which are so many decimals. */
function rounded (value: number, digits: number, decimals: number): number {
  const power = POWERS[decimals]
  // By way of a text takes ten times as long. The quotient of two exact numbers is the one that the decimal form means.
  return power === undefined ? Number(value.toPrecision(digits)) : Math.round(value * power) / power
}
