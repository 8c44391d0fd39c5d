const JSON_TYPE = /^(?:application|text)\/(?:x-|[\w.!#$&^-]+\+)?json$/
/** What `curl --data-binary` and others say of any body at all. */
const GENERIC_TYPES = new Set(['', 'application/octet-stream', 'application/x-www-form-urlencoded', 'binary/octet-stream'])

/** The type and subtype that a Content-Type names, in lower case; empty for none. */
export function mediaTypeOf (contentType = ''): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** JSON under any of its names (RFC 6839 for the suffix). */
export function isJson (mediaType: string): boolean {
  return JSON_TYPE.test(mediaType)
}

/** Whether a type says nothing of what it is. */
export function isGeneric (mediaType: string): boolean {
  return GENERIC_TYPES.has(mediaType)
}
