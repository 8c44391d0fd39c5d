import { readMetrics } from '../../verify/harness/metrics.js'
import { until } from './until.js'

/** The value of a series of a server's GET /metrics, by its name and labels as they are written; NaN where there is none. */
export async function metric ({ url }: { readonly url: string }, series: string): Promise<number> {
  return (await readMetrics(url)).get(series) ?? NaN
}

/** Waits until a series has a value, or one that is wanted. */
export async function untilMetric (
  server: { readonly url: string }, series: string, wanted: number | ((value: number) => boolean)
): Promise<void> {
  let last = NaN
  const isWanted = typeof wanted === 'number' ? (value: number) => value === wanted : wanted
  const what = (): string => `${series} ${typeof wanted === 'number' ? `at ${wanted}` : 'as wanted'}: it is at ${last}`
  await until(what, async () => {
    last = await metric(server, series)
    return isWanted(last)
  })
}
