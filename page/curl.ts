/** What needs no quotes in a shell. */
const PLAIN = /^[\w@%+=:,./-]+$/
/** What `curl -F` would read as the end of a name. */
const ENDS_NAME = /[;,"\\]|^\s|\s$/

export interface Request {
  readonly file: string
  readonly url: string
  readonly needsKey: boolean
}

/** The same request as a command for a POSIX shell, in the folder that holds the file. */
export function curlCommand ({ file, url, needsKey }: Request): string {
  // A dash alone would be standard input.
  const path = file === '-' ? './-' : file
  const name = ENDS_NAME.test(path) ? `"${path.replaceAll(/["\\]/g, '\\$&')}"` : path
  const header = needsKey ? ['-H "x-api-key: $API_KEY"'] : []
  return ['curl', ...header, '-F', quoted(`image=@${name}`), quoted(url)].join(' ')
}

function quoted (text: string): string {
  return PLAIN.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
