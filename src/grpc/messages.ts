import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'
import { ServiceError } from '../base/errors.js'
import { unreadableMessage } from '../base/sentences.js'
import { packagePath } from '../base/package-root.js'
import { demandSmall } from './message-bounds.js'

const SERVICE = 'inference.GRPCInferenceService'
/** Messages that hold a tensor's values: they are read where it is known how many there may be, and written in one piece. */
const WITH_CONTENTS = ['ModelInferRequest.InferInputTensor', 'ModelInferResponse.InferOutputTensor']

/** One method of the service. */
export interface Method {
  readonly name: string
  /** `/inference.GRPCInferenceService/NAME` */
  readonly path: string
  /** Throws a ServiceError `malformed_body`. */
  decode (bytes: Uint8Array): object
  encode (message: object): Buffer
}

/** Reads the service's own schema; a tensor's `contents` are bytes in it. */
export function openInferenceMethods (): Method[] {
  const { root } = protobuf.parse(readFileSync(packagePath('protocols/open-inference.proto'), 'utf8'))
  for (const name of WITH_CONTENTS) {
    const tensor = root.lookupType(`inference.${name}`)
    const { contents } = tensor.fields
    if (contents === undefined) throw new Error(`${name} has no contents`)
    tensor.remove(contents).add(new protobuf.Field('contents', contents.id, 'bytes'))
  }
  root.resolveAll()
  return root.lookupService(SERVICE).methodsArray.map(({ name, requestType, responseType }) => {
    const request = root.lookupType(`inference.${requestType}`)
    const response = root.lookupType(`inference.${responseType}`)
    return {
      name,
      path: `/${SERVICE}/${name}`,
      decode: (bytes) => decode(request, bytes),
      encode: (message) => Buffer.from(response.encode(message).finish())
    }
  })
}

function decode (type: protobuf.Type, bytes: Uint8Array): object {
  return readable(() => {
    demandSmall(type, bytes)
    return type.toObject(type.decode(bytes), { longs: Number, defaults: true })
  })
}

/** What `read` makes of a message. Throws a ServiceError `malformed_body` where it is not what the schema says. */
export function readable<T> (read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ServiceError) throw error
    throw unreadableMessage(error as Error)
  }
}
