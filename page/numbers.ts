const BYTES_A_MEGABYTE = 1024 * 1024
const digits = (most: number): Intl.NumberFormat => new Intl.NumberFormat('en', { maximumFractionDigits: most })
const [WHOLE, ONE_DIGIT, TWO_DIGITS] = [digits(0), digits(1), digits(2)]

/** `91.3%`. What is not nothing does not look like it. */
export function percent (share: number): string {
  if (share > 0 && share < 0.001) return '<0.1%'
  if (share < 1 && share > 0.999) return '>99.9%'
  return `${ONE_DIGIT.format(share * 100)}%`
}

export function milliseconds (value: number): string {
  return `${(value < 10 ? TWO_DIGITS : WHOLE).format(value)} ms`
}

export function megabytes (bytes: number): string {
  const size = bytes / BYTES_A_MEGABYTE
  return size < 0.1 ? `${WHOLE.format(bytes)} bytes` : `${ONE_DIGIT.format(size)} MB`
}

export function counted (count: number, one: string, many = `${one}s`): string {
  return `${WHOLE.format(count)} ${count === 1 ? one : many}`
}
