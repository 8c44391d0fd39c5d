/** Significant digits that some float32 numbers need, and those that all do with. */
const [FEWEST_DIGITS, MOST_DIGITS] = [7, 9]

/** A float32 number as one whose decimal form is short, 7 to 9 digits where a double takes 17, and still means the same float32. */
export function shortened (value: number): number {
  for (let digits = FEWEST_DIGITS; digits < MOST_DIGITS; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return short
  }
  return Number(value.toPrecision(MOST_DIGITS))
}
