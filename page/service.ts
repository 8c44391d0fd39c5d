import { Failure } from './failure.js'

/** How pictures become the network's input: what GET / says, as far as the page tells it. */
export interface Input {
  readonly size: { readonly value: number }
  readonly channels: 1 | 3
  readonly fit: { readonly value: 'crop' | 'fill' }
  readonly cropFraction: number
  readonly kernel: { readonly value: string }
  readonly rescaling: {
    readonly value: { readonly scale: number | readonly number[], readonly offset: number | readonly number[], readonly order?: 'bgr' }
  }
}

export interface ModelName {
  readonly name: string
  readonly version: string
  readonly backend: string
  readonly precision: string
}

export interface ServedModel extends ModelName {
  readonly classes: number
  readonly input: Input
}

/** What GET / answers to programs. */
export interface ServiceDescription {
  readonly status: 'ready' | 'loading' | 'restarting' | 'decoder_failed' | 'draining'
  /** Missing while it loads. */
  readonly model?: ServedModel
  readonly needsKey: boolean
  readonly maxImageBytes: number
  readonly endpoints: readonly string[]
}

/** How much each place of the picture speaks for a label, or against it where it is negative; row by row, in logits. */
export interface AttentionMap {
  readonly height: number
  readonly width: number
  readonly values: readonly number[]
}

/** What the service says of what it could not do. */
interface Problem {
  readonly code: string
  readonly detail: string
}

export interface Prediction {
  readonly label: string
  readonly probability: number
  /** Where it was asked for: the map, or why there is none. */
  readonly explanation?: AttentionMap | Problem
}

/** What the service says of one picture, and how long it took from here. */
export interface Answer {
  readonly model: ModelName
  readonly predictions: readonly Prediction[]
  readonly timings: { readonly decodeMs: number, readonly queueMs: number, readonly inferenceMs: number, readonly batchSize: number }
  readonly roundTripMs: number
}

/** What POST /classify answers. */
interface Reply extends Pick<Answer, 'model' | 'timings'> {
  readonly results: ReadonlyArray<Pick<Answer, 'predictions'> | { readonly error: Problem }>
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
export async function describeService (): Promise<ServiceDescription> {
  return await ask(document.baseURI, { headers: { accept: 'application/json' } }) as ServiceDescription
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
  const { model, timings, results: [result] } = await ask(url, { method: 'POST', body: form, headers, signal }) as Reply
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
