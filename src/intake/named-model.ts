import { ServiceError } from '../base/errors.js'
import type { ModelAddress } from '../contract/models.js'
import type { LoadedModel } from '../service/loaded-model.js'

/** Throws a ServiceError `model_not_found` unless the address names the model that serves. */
export function checkAddress ({ facts: { description } }: LoadedModel, address: ModelAddress): void {
  const { name, version } = description
  if (address.name === name && (address.version === undefined || address.version === version)) return
  const wanted = address.version === undefined ? `"${address.name}"` : `"${address.name}" of version "${address.version}"`
  throw new ServiceError('model_not_found', `This service has the model "${name}" of version "${version}", and not ${wanted}.`)
}
