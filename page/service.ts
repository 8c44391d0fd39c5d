import type { ClassifyReply, Predictions } from '../src/contract/images.js'
import type { Problem } from '../src/contract/problems.js'
import type { About } from '../src/contract/status.js'
import { Failure } from './failure.js'

/** What the service says of one picture, and how long it took from here. */
export interface Answer extends Predictions, Pick<ClassifyReply, 'model' | 'timings'> {
  readonly roundTripMs: number
}

export interface Question {
  readonly picture: File
  readonly key: string | undefined
  readonly explain: boolean
  readonly signal: AbortSignal
}

/** Where pictures are sent, also behind a proxy that puts a path in front. */
export const CLASSIFY_URL = new URL('classify', document.baseURI)

/** Throws a Failure. */
export async function describeService (): Promise<About> {
  return await ask(document.baseURI, { headers: { accept: 'application/json' } }) as About
}

/** Has one picture classified. Throws a Failure, or the signal's reason. */
export async function classify ({ picture, key, explain, signal }: Question): Promise<Answer> {
  const form = new FormData()
  form.append('image', picture)
  const url = new URL(CLASSIFY_URL)
  // A picture that cannot be read is an answer like others, and nothing for the browser to report as an error.
  url.searchParams.set('listErrors', 'true')
  if (explain) url.searchParams.set('explain', 'true')
  const sentAt = performance.now()
  const headers: HeadersInit = key === undefined ? {} : { 'x-api-key': key }
  const { model, timings, results: [result] } = await ask(url, { method: 'POST', body: form, headers, signal }) as ClassifyReply
  if (result === undefined) throw new Failure('unexpected_answer', 'The answer holds no result.')
  if ('error' in result) throw new Failure(result.error.code, result.error.detail)
  return { model, timings, predictions: result.predictions, roundTripMs: performance.now() - sentAt }
}

async function ask (url: string | URL, request: RequestInit): Promise<unknown> {
  const response = await fetch(url, { cache: 'no-store', ...request }).catch((error: unknown) => {
    request.signal?.throwIfAborted()
    throw new Failure('unreachable', String(error))
  })
  const body = await response.json().catch(() => {
    request.signal?.throwIfAborted()
    // Something on the way answered in its own words.
    throw new Failure('unexpected_answer', `It came with status ${response.status}.`)
  }) as unknown
  if (response.ok) return body
  const { code, detail } = body as Partial<Problem>
  throw new Failure(code ?? 'unexpected_answer', detail ?? `It came with status ${response.status}.`, retryAfter(response))
}

function retryAfter ({ headers }: Response): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) ? seconds : undefined
}
