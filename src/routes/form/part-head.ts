import { mediaTypeOf } from '../media-types.js'

/** A parameter of a header: quoted, where a backslash may stand before any character, or not. */
const PARAMETER = /;\s*([^=;\s]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;]*))/g
/** Names of what changes nothing (RFC 2045, section 6.2). */
const AS_IT_IS = new Set(['', '7bit', '8bit', 'binary'])

/** What the headers of a form's part say of its content. */
export interface PartHead {
  /** In lower case and without parameters; empty where no header says it. */
  readonly type: string
  /** As the sender wrote it: empty for a file input that nobody used, undefined for what is no file. */
  readonly fileName: string | undefined
  /** Undefined for content that is sent as it is. */
  readonly transferEncoding: string | undefined
}

/** Reads the headers (RFC 7578, RFC 2045). Of two with one name the first counts, and a line that is none is passed over. */
export function readPartHead (head: string): PartHead {
  const headers = new Map<string, string>()
  for (const line of head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const [name = '', value] = line.split(/:(.*)/s)
    const key = name.trim().toLowerCase()
    if (value !== undefined && !headers.has(key)) headers.set(key, value.trim())
  }
  const encoding = headers.get('content-transfer-encoding')?.toLowerCase() ?? ''
  return {
    type: mediaTypeOf(headers.get('content-type')),
    fileName: fileNameIn(headers.get('content-disposition') ?? ''),
    transferEncoding: AS_IT_IS.has(encoding) ? undefined : encoding
  }
}

/** The file's name: that of `filename` and `filename*` which is not empty. */
function fileNameIn (disposition: string): string | undefined {
  const names = [...disposition.matchAll(PARAMETER)]
    .filter(([, name]) => /^filename\*?$/i.test(name ?? ''))
    .map(([, , quoted, token]) => (quoted ?? token ?? '').trim())
  return names.find((name) => name !== '') ?? names[0]
}
