/** The key that a request brings. The service's own header comes first: a gateway may use the other one for itself. */
export function readKey (own: string | undefined, authorization: string | undefined): string | undefined {
  return own ?? /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
}
