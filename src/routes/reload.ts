import type { FastifyInstance } from 'fastify'
import type { ReloadReply } from '../contract/models.js'
import type { Reloader } from '../service/reload.js'
import { described } from './described.js'
import { RELOAD } from './schemas/service.js'

/** POST /admin/reload: opens what MODEL names and lets it serve, as SIGHUP does; the reply says which model serves then. */
export async function reloadRoute (app: FastifyInstance, { reloader }: { reloader: Reloader }): Promise<void> {
  app.post('/admin/reload', described(RELOAD), async (): Promise<ReloadReply> => ({ model: await reloader.reload() }))
}
