import type { ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import { ERRORS, type ErrorCode } from '../base/errors.js'
import type { Metrics } from './metrics.js'

/** How a request or an image ended: well, or with an error's code. */
export type Outcome = 'ok' | ErrorCode

/** Ends a request. `status` is what the client was sent; without it, what HTTP has for the outcome. */
export type EndRequest = (outcome: Outcome, status?: number) => void

const OK = 200

/**
 * Counts one request, whatever its protocol: it is in flight until it is ended, which counts once however often it is done.
 * So at any time the requests that began are those in flight and all outcomes together. `route` is one of few names: what
 * clients may choose freely would make as many time series as they like.
 */
export function countRequest (metrics: Metrics, route: string): EndRequest {
  const startedAt = performance.now()
  let isOver = false
  metrics.requestsInFlight.inc({ route })
  return (outcome, status = outcome === 'ok' ? OK : ERRORS[outcome].status) => {
    if (isOver) return
    isOver = true
    metrics.requestsInFlight.dec({ route })
    metrics.requests.inc({ route, outcome, status })
    metrics.requestDuration.observe({ route, status }, (performance.now() - startedAt) / 1000)
  }
}

/** Counts what was answered and could not be read as a request: it has no address, and began at no moment that is known. */
export function countUnreadable (metrics: Metrics, outcome: ErrorCode): void {
  metrics.requests.inc({ route: 'none', outcome, status: ERRORS[outcome].status })
}

const outcomes = new WeakMap<ServerResponse, ErrorCode>()

/** Remembers which error a reply tells. Whoever writes an error to a client says so here, in whatever form it is written. */
export function noteError (reply: ServerResponse, code: ErrorCode): void {
  outcomes.set(reply, code)
}

/** What a reply that went out told; one of an error that nobody noted is as bad as its status says. */
export function outcomeOf (reply: ServerResponse): Outcome {
  const noted = outcomes.get(reply)
  if (noted !== undefined) return noted
  if (reply.statusCode < 400) return 'ok'
  return reply.statusCode < 500 ? 'malformed_request' : 'internal_error'
}
