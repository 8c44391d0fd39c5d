import { SchemaError, parse } from '../../base/schema.js'
import { WeightsError } from '../../model/weights.js'
import type { Static, TSchema } from '../../base/typebox.js'

/** What an error has to say about a layer of a file. */
export interface NamedLayer {
  readonly name: string
  readonly className: string
}

/** The layer as an operator finds it in Keras's summary. */
export function describe ({ name, className }: NamedLayer): string {
  return `the layer ${name} (${className})`
}

/** Throws a WeightsError about one layer; `text` continues the sentence. */
export function refuse (layer: NamedLayer, text: string): never {
  throw new WeightsError(`${describe(layer)} ${text}`)
}

/** Checks a part of a file's configuration. Throws a WeightsError that names the part and the field. */
export function parsePart<S extends TSchema> (schema: S, value: unknown, what: string): Static<S> {
  try {
    return parse(schema, value, what)
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    throw new WeightsError(error.message)
  }
}
