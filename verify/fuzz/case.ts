/** Bytes for one connection. */
export interface Case {
  readonly kind: string
  readonly bytes: Buffer
  /**
   * Answers that have to come, after which the connection serves as before. Where nobody can say how many, the case has a
   * connection of its own, and the server may answer any number of times before it closes: its end is sent behind the first
   * answer, or at once where that is what the case is about.
   */
  readonly answers: number | 'first' | 'cut'
}

export type HeaderLines = ReadonlyArray<readonly [string, string]>

/** A POST that is well framed. */
export function post (headers: HeaderLines, body: Buffer, path = '/classify'): Buffer {
  return request(`POST ${path} HTTP/1.1`, [...headers, ['content-length', String(body.length)]], body)
}

export function request (line: string, headers: HeaderLines, body: Buffer = Buffer.of()): Buffer {
  const lines = [line, 'host: fuzz', ...headers.map(([name, value]) => `${name}: ${value}`), '', '']
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body])
}
