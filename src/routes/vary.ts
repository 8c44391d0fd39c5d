import type { FastifyReply } from 'fastify'

/** Tells caches that the reply depends on a header of the request, beside those that it depends on already. */
export function addVary (reply: FastifyReply, name: string): void {
  const before = reply.getHeader('vary')
  reply.header('vary', before === undefined ? name : `${String(before)}, ${name}`)
}
