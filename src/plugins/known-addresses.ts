/** The addresses that an application has and the methods that each takes. */
export class KnownAddresses {
  private readonly exact = new Map<string, string[]>()
  private readonly patterns: Array<{ readonly pattern: RegExp, readonly methods: string[] }> = []

  /** Takes an address as the router does, with parameters such as `:name` or `:name([^:]+)`, or `*` for whatever follows. */
  add (url: string, method: string | string[]): void {
    let methods = this.exact.get(url)
    if (methods === undefined) {
      methods = []
      this.exact.set(url, methods)
      if (/:|.\*/.test(url)) this.patterns.push({ pattern: patternOf(url), methods })
    }
    methods.push(...[method].flat())
  }

  /** Asking the router would read the client's path as a pattern. Undefined if there is no such address. */
  methodsOf (path: string): readonly string[] | undefined {
    const pattern = this.patterns.find((one) => one.pattern.test(path))
    return pattern?.methods ?? this.exact.get(path)
  }
}

function patternOf (url: string): RegExp {
  const parts = url.split(/(::|:\w+(?:\([^)]*\))?|\*)/)
  return new RegExp(`^${parts.map(partOf).join('')}$`)
}

function partOf (part: string): string {
  if (part === '::') return ':'
  if (part === '*') return '.*'
  return part.startsWith(':') ? '[^/:]+' : literally(part)
}

function literally (text: string): string {
  return text.replace(/[^\w/]/g, '\\$&')
}
