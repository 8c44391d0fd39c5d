/** The value of each series by its name and labels as they are written, such as `requests_total{outcome="ok"}`. */
export type Series = ReadonlyMap<string, number>

/** What a server's GET /metrics says now. Throws an Error if it does not answer 200. */
export async function readMetrics (url: string): Promise<Series> {
  const response = await fetch(`${url}/metrics`)
  if (response.status !== 200) throw new Error(`${url}/metrics answered ${response.status}`)
  return parseMetrics(await response.text())
}

/** Reads Prometheus's text format (https://prometheus.io/docs/instrumenting/exposition_formats/); time stamps are left out. */
export function parseMetrics (text: string): Series {
  const samples = text.split('\n').flatMap((line) => {
    const [, series, value] = /^([a-zA-Z_:][\w:]*(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?)\s+(\S+)/.exec(line) ?? []
    return series === undefined || value === undefined ? [] : [[series, toNumber(value)] as const]
  })
  return new Map(samples)
}

function toNumber (value: string): number {
  return Number(value.replace(/Inf$/, 'Infinity'))
}
