import { createServer, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

const BUSY = JSON.stringify({ code: 'queue_full', detail: 'Too much is waiting.' })
const BUSY_HEADERS = { 'content-type': 'application/problem+json', 'retry-after': '1' }

export interface Front {
  readonly url: string
  /** How many requests were refused. */
  readonly refusals: () => number
  close (): Promise<void>
}

/** A server before the service at `url` that refuses every other request, as a busy service does. */
export async function busyFront (url: string): Promise<Front> {
  let requests = 0
  const server = createServer((request, response) => {
    const isRefused = requests++ % 2 === 0
    const answered = isRefused ? refused(request) : forwarded(url, request)
    answered.then(({ status, headers, body }) => { response.writeHead(status, headers).end(body) }, (error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refusals: () => Math.ceil(requests / 2),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

interface Answer { readonly status: number, readonly headers: Record<string, string>, readonly body: Uint8Array | string }

async function refused (request: IncomingMessage): Promise<Answer> {
  await buffer(request)
  return { status: 503, headers: BUSY_HEADERS, body: BUSY }
}

async function forwarded (url: string, request: IncomingMessage): Promise<Answer> {
  const { 'content-type': type = '', accept = '*/*' } = request.headers
  const body = new Uint8Array(await buffer(request))
  const response = await fetch(`${url}${request.url ?? ''}`, { method: 'POST', body, headers: { 'content-type': type, accept } })
  const headers = { 'content-type': response.headers.get('content-type') ?? '' }
  return { status: response.status, headers, body: new Uint8Array(await response.arrayBuffer()) }
}
