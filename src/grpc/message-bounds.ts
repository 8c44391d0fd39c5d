import protobuf from 'protobufjs'
import { malformedBody } from '../base/sentences.js'

/** Fields in one message with all that is in it. Two bytes can be an object of hundreds, and a message may have millions. */
const MAX_FIELDS = 1024
/** Bytes of a text and of packed numbers: names, ids and shapes. */
const MAX_LENGTH = 4096
const LENGTH_DELIMITED = 2

/**
 * Throws a ServiceError `malformed_body` unless a message is small apart from its fields of bytes, so that decoding it takes no
 * more memory than it has itself. Throws an Error for what is no message.
 */
export function demandSmall (type: protobuf.Type, message: Uint8Array): void {
  const reader = protobuf.Reader.create(message)
  let fields = 0
  const walk = (of: protobuf.Type | undefined, end: number): void => {
    while (reader.pos < end) {
      if (++fields > MAX_FIELDS) throw malformedBody(`A message has at most ${MAX_FIELDS} fields`)
      const tag = reader.uint32()
      if ((tag & 7) === LENGTH_DELIMITED) enter(of?.fieldsById[tag >>> 3], reader.uint32())
      else reader.skipType(tag & 7)
    }
  }
  const enter = (field: protobuf.Field | undefined, length: number): void => {
    const inner = field?.resolvedType
    if (inner instanceof protobuf.Type && !(field instanceof protobuf.MapField)) {
      walk(inner, reader.pos + length)
      return
    }
    if (field !== undefined && field.type !== 'bytes' && length > MAX_LENGTH) {
      throw malformedBody(`"${field.name}" takes ${length} bytes, and may take ${MAX_LENGTH}`)
    }
    reader.skip(length)
  }
  walk(type, message.length)
}
