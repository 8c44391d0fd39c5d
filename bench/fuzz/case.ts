/** Bytes for one connection. */
export interface Case {
  readonly kind: string
  readonly bytes: Buffer
  /**
   * Answers that have to come, after which the connection serves as before. Undefined where nobody can say: the case has a
   * connection of its own, whose end is sent behind it, and the server may answer any number of times before it closes.
   */
  readonly answers: number | undefined
}

export type HeaderLines = ReadonlyArray<readonly [string, string]>

/** A request to POST /classify that is well framed; `body` undefined sends none. */
export function post (headers: HeaderLines, body: Buffer): Buffer {
  return request('POST /classify HTTP/1.1', [...headers, ['content-length', String(body.length)]], body)
}

export function request (line: string, headers: HeaderLines, body: Buffer = Buffer.of()): Buffer {
  const lines = [line, 'host: fuzz', ...headers.map(([name, value]) => `${name}: ${value}`), '', '']
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body])
}
