/** `93.1 %`. */
export function percent (share: number | null): string {
  return share === null ? '–' : `${(share * 100).toFixed(1)} %`
}

/** `3 pictures`. */
export function pictures (count: number): string {
  return `${count} picture${count === 1 ? '' : 's'}`
}
