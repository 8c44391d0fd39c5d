import { otherModel } from '../base/sentences.js'
import type { ModelAddress } from '../contract/models.js'
import type { LoadedModel } from '../service/loaded-model.js'

/** Throws a ServiceError `model_not_found` unless the address names the model that serves. */
export function checkAddress ({ facts: { description } }: LoadedModel, address: ModelAddress): void {
  const { name, version } = description
  if (address.name === name && (address.version === undefined || address.version === version)) return
  throw otherModel(description, address.name, address.version)
}
