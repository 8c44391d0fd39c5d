import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'

/**
 * Checks untrusted data (a parsed JSON file, a file's header) against a schema.
 * Throws an Error of one sentence: `what`, the path of the first thing that is wrong, and why.
 */
export function parse<S extends TSchema> (schema: S, value: unknown, what: string): Static<S> {
  if (Value.Check(schema, value)) return value
  // In a union each alternative adds its complaints; the deepest one belongs to the alternative that came closest.
  const errors = [...Value.Errors(schema, value)]
  const depth = (path: string): number => path.split('/').length
  const closest = errors.reduce((best, error) => depth(error.instancePath) > depth(best.instancePath) ? error : best)
  const path = closest.instancePath.slice(1).replaceAll('/', '.')
  throw new Error(`${what}${path === '' ? '' : `: ${path}`} ${closest.message}`)
}
