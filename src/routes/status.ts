import type { FastifyInstance } from 'fastify'
import type { Alive, NotReady, Ready } from '../contract/status.js'
import type { Metrics } from '../telemetry/metrics.js'
import { noteError } from '../telemetry/requests.js'
import type { Slot } from '../service/slot.js'
import { described } from './described.js'
import { LIVEZ, METRICS, READYZ } from './schemas/service.js'

/** GET /livez and /readyz, what orchestrators read. */
export async function probeRoutes (app: FastifyInstance, { slot }: { slot: Slot }): Promise<void> {
  app.get('/livez', { ...described(LIVEZ), config: { openTo: 'probes' } }, (): Alive => ({ status: 'alive' }))

  app.get('/readyz', { ...described(READYZ), config: { openTo: 'probes' } }, (_request, reply) => {
    const reason = slot.notReadyReason
    if (reason === undefined) return reply.send({ status: 'ready' } satisfies Ready)
    noteError(reply.raw, 'not_ready')
    const { loadingStep: progress } = slot
    const answer: NotReady = { status: 'not ready', reason, ...progress === undefined ? {} : { progress } }
    return reply.code(503).send(answer)
  })
}

/** GET /metrics, what Prometheus scrapes. */
export async function metricsRoute (app: FastifyInstance, { slot, metrics }: { slot: Slot, metrics: Metrics }): Promise<void> {
  app.get('/metrics', described(METRICS), async (_request, reply) => {
    metrics.take(slot.snapshot)
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
}
