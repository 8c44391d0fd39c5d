import { wrongCount, wrongFlag } from '../base/sentences.js'

/** How many predictions an image gets; 5 where the client does not say. Throws a ServiceError `invalid_query`. */
export function readTopK (text: string | undefined, classes: number): number {
  if (text === undefined) return Math.min(5, classes)
  const k = Number(text)
  if (!/^\d+$/.test(text) || k < 1 || k > classes) throw wrongCount('topK', classes)
  return k
}

/** False where the client does not say. Throws a ServiceError `invalid_query`. */
export function readFlag (name: string, text: string | undefined): boolean {
  if (text === undefined || text === 'false') return false
  if (text === 'true') return true
  throw wrongFlag(name)
}
