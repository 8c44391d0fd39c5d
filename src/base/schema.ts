import { Compile, Settings, Value, type Static, type TSchema, type Validator } from './typebox.js'
import { OperatorError } from './errors.js'

/** Properties that tell the alternatives of a union apart. */
const DISCRIMINATORS = ['/type', '/kind', '/function']

/** Every alternative of a union complains, and the one that is meant may be the last of twenty. */
Settings.Set({ maxErrors: 1000 })

interface Complaint {
  readonly instancePath: string
  readonly keyword: string
  readonly message: string
  readonly params: object
}

/** Data that does not have the form that it is read in; what it is of, the message says. */
export class SchemaError extends OperatorError {
  override readonly name = 'SchemaError'
}

/**
 * Checks untrusted data (a parsed JSON file, a file's header) against a schema.
 * Throws a SchemaError of one sentence: `what`, the path of the first thing that is wrong, and why.
 */
export function parse<S extends TSchema> (schema: S, value: unknown, what: string): Static<S> {
  if (Value.Check(schema, value)) return value
  throw unfit(Value.Errors(schema, value), what)
}

/** A `parse` for what is checked all the time: the schema is compiled by the first check, which takes milliseconds. */
export function parser<S extends TSchema> (schema: S, what: string): (value: unknown) => Static<S> {
  let validator: Validator | undefined
  return (value) => {
    validator ??= Compile(schema)
    if (validator.Check(value)) return value as Static<S>
    throw unfit(validator.Errors(value), what)
  }
}

function unfit (errors: readonly Complaint[], what: string): SchemaError {
  const path = closestPath(errors)
  const here = errors.filter((error) => error.instancePath === path)
  const allowed = [...new Set(here.flatMap(({ params }) => 'allowedValue' in params ? [String(params.allowedValue)] : []))]
  const why = allowed.length > 0 ? `must be ${allowed.join(' or ')}` : here[0]?.message ?? 'is wrong'
  const field = path.slice(1).replaceAll('/', '.')
  return new SchemaError(`${what}${field === '' ? '' : `: ${field}`} ${why}`)
}

/** In a union each alternative adds its complaints; the deepest one belongs to the alternative that came closest. */
function closestPath (errors: readonly Complaint[]): string {
  const depth = ({ instancePath }: Complaint): number => instancePath.split('/').length
  const deepest = Math.max(...errors.map(depth))
  const candidates = errors.filter((error) => depth(error) === deepest)
  // All alternatives but one complain of the discriminator, so it is at fault only where nothing else is.
  const closest = candidates.find((error) => !DISCRIMINATORS.some((name) => error.instancePath.endsWith(name))) ?? candidates[0]
  return closest?.instancePath ?? ''
}
