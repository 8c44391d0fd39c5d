import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import { noPageFile } from '../base/sentences.js'
import type { About } from '../contract/status.js'
import type { Slot } from '../service/slot.js'
import { described } from './described.js'
import { readPageFiles, type PageFile } from './page-files.js'
import { INDEX } from './schemas/service.js'
import { addVary } from './vary.js'

export interface PageOptions {
  readonly slot: Slot
  /** The addresses that the main port has. */
  readonly endpoints: readonly string[]
  /** Whether POST /classify asks for an API key. */
  readonly needsKey: boolean
  readonly maxImageBytes: number
}

/** The page runs its own scripts, shows pictures of its own memory, asks this service, and nothing else. */
export const PAGE_POLICY = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob:", "connect-src 'self'",
  "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"
].join('; ')

/** GET /: a page for browsers and JSON for programs, both about the service; and GET /page/FILE, what the page consists of. */
export async function pageRoutes (app: FastifyInstance, { slot, endpoints, needsKey, maxImageBytes }: PageOptions): Promise<void> {
  const files = await readPageFiles()
  const page = files.get('index.html')
  if (page === undefined) throw new Error('page/index.html is missing')

  app.get('/', { ...described(INDEX), config: { openTo: 'pages' } }, (request, reply) => {
    addVary(reply, 'accept')
    if (asksForPage(request)) return sendFile(request, reply.header('content-security-policy', PAGE_POLICY), page)
    const { model } = slot
    const about: About = {
      service: 'xception-serve',
      status: slot.notReadyReason ?? 'ready',
      ...model === undefined ? {} : { model },
      classify: 'POST /classify with an image as a multipart file, as the raw body, or in base64 as {"images": [...]}; ' +
        '?topK= predictions an image, ?explain=true where the network saw them',
      needsKey,
      maxImageBytes,
      endpoints
    }
    return reply.send(about)
  })

  app.get<{ Params: { file: string } }>('/page/:file', { schema: { hide: true }, config: { openTo: 'files' } }, (request, reply) => {
    const file = files.get(request.params.file)
    if (file === undefined || file === page) throw noPageFile()
    return sendFile(request, reply, file)
  })
}

/** Only who names HTML gets it, and not if JSON is liked better: curl, which takes anything, gets JSON. */
function asksForPage (request: FastifyRequest): boolean {
  const liked = new Negotiator(request).mediaTypes().map((type) => type.toLowerCase())
  const [html, json] = [liked.indexOf('text/html'), liked.indexOf('application/json')]
  return html !== -1 && (json === -1 || html < json)
}

/** A browser asks each time whether it has the file as it is: after an update of the service no two versions mix. */
function sendFile (request: FastifyRequest, reply: FastifyReply, { bytes, type, etag }: PageFile): FastifyReply {
  reply.headers({ etag, 'cache-control': 'no-cache' })
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? []
  if (known.includes(etag) || known.includes('*')) return reply.code(304).send()
  return reply.type(type).send(bytes)
}
