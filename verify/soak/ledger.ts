import type { Outcomes } from '../harness/outcomes.js'
import type { Answer } from '../harness/connection.js'

/** That a request of the soak may have and be admitted with. */
const MOST_IMAGES = 32

interface Reply {
  readonly code?: string
  readonly reason?: string
  readonly results?: ReadonlyArray<{ readonly error?: { readonly code: string } }>
}

/** What the clients saw, in the words of the metrics. */
export class Ledger {
  readonly requests: Record<string, number> = {}
  /** Images of replies that told of each one. */
  readonly images: Record<string, number> = {}
  /** Requests that may have been answered before the client had gone. */
  uncertain = 0
  /** What must not happen, in words. */
  readonly violations: string[] = []

  saw ({ status, body }: Answer): void {
    const reply = parsed(body)
    this.count(status < 400 ? 'ok' : reply?.code ?? (reply?.reason === undefined ? `a ${status} without a code` : 'not_ready'))
    for (const { error } of reply?.results ?? []) add(this.images, error?.code ?? 'ok')
  }

  count (outcome: string): void {
    add(this.requests, outcome)
  }

  violated (what: string): void {
    this.violations.push(what)
  }
}

/**
 * Where the server's counts differ from what clients saw: of each outcome as many, but for `uncertain` requests, each of which
 * is counted once, whatever its outcome. Empty if all is well.
 */
export function differences (counted: Outcomes, { requests, uncertain }: Ledger): string[] {
  const codes = new Set([...Object.keys(counted), ...Object.keys(requests)])
  const more = [...codes].map((code) => [code, (counted[code] ?? 0) - (requests[code] ?? 0)] as const)
  const wrong = more.filter(([, by]) => by < 0 || by > uncertain)
    .map(([code, by]) => `${code}: ${counted[code] ?? 0} counted, ${requests[code] ?? 0} seen, a difference of ${by}`)
  const total = more.reduce((sum, [, by]) => sum + by, 0)
  if (total === uncertain) return wrong
  const each = more.filter(([, by]) => by !== 0).map(([code, by]) => `${code} ${by}`).join(', ')
  return [...wrong, `${total} more counted than seen (${each}), and ${uncertain} requests whose client does not know`]
}

/**
 * The same of images. Only replies that tell of each image are seen, so of each outcome at least as many are counted; good ones
 * are no more than that, but for requests whose answer was not theirs.
 */
export function imageDifferences (counted: Outcomes, { images, requests, uncertain }: Ledger): string[] {
  const unseen = MOST_IMAGES * (uncertain + (requests.deadline_exceeded ?? 0) + (requests.client_closed_request ?? 0))
  return [...new Set([...Object.keys(images), 'ok'])].flatMap((outcome) => {
    const more = (counted[outcome] ?? 0) - (images[outcome] ?? 0)
    const isRight = more >= 0 && (outcome !== 'ok' || more <= unseen)
    return isRight ? [] : [`${outcome}: ${counted[outcome] ?? 0} images counted, ${images[outcome] ?? 0} seen`]
  })
}

function parsed (body: string): Reply | undefined {
  return body.startsWith('{') ? JSON.parse(body) as Reply : undefined
}

function add (counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1
}
