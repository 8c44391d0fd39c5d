import { Type } from '../../base/typebox.js'
import { ReloadReply } from '../../contract/models.js'
import { About, Alive, NotReady, Ready } from '../../contract/status.js'
import { GUARDED, problemReplies } from './problems.js'

const Html = Type.String({ description: 'A page for browsers.' })

export const LIVEZ = {
  operationId: 'livez',
  summary: 'Whether the process answers',
  tags: ['service'],
  security: [],
  response: {
    200: {
      description: 'It does.',
      content: {
        'application/json': { schema: Alive, examples: { alive: { value: { status: 'alive' } } } }
      }
    },
    ...problemReplies([])
  }
}

export const READYZ = {
  operationId: 'readyz',
  summary: 'Whether requests are taken now',
  tags: ['service'],
  security: [],
  response: {
    200: {
      description: 'They are.',
      content: {
        'application/json': { schema: Ready, examples: { ready: { value: { status: 'ready' } } } }
      }
    },
    ...problemReplies([]),
    503: {
      description: 'They are not.',
      content: {
        'application/json': {
          schema: NotReady, examples: { loading: { value: { status: 'not ready', reason: 'loading', progress: 'warming up' } } }
        }
      }
    }
  }
}

export const METRICS = {
  operationId: 'metrics',
  summary: 'Metrics in Prometheus\'s text format',
  tags: ['service'],
  response: {
    200: { description: 'All of them.', content: { 'text/plain': { schema: Type.String(), example: 'xception_ready 1\n' } } },
    ...problemReplies(GUARDED)
  }
}

export const INDEX = {
  operationId: 'about',
  summary: 'The service, its model and its addresses; a page for browsers',
  tags: ['service'],
  security: [],
  response: {
    200: {
      description: 'JSON, or HTML for a client that prefers it.',
      content: {
        'application/json': {
          schema: About,
          examples: {
            loading: {
              value: {
                service: 'xception-serve',
                status: 'loading',
                classify: 'POST /classify with an image',
                needsKey: false,
                maxImageBytes: 10485760,
                endpoints: ['POST /classify', 'GET /livez']
              }
            }
          }
        },
        'text/html': { schema: Html }
      }
    },
    304: { type: 'null', description: 'The client has the page as it is.' },
    ...problemReplies(['rate_limited'])
  }
}

export const RELOAD = {
  operationId: 'reload',
  summary: 'Opens what MODEL names and lets it serve',
  tags: ['administration'],
  response: {
    200: {
      description: 'The model that serves then.',
      content: {
        'application/json': {
          schema: ReloadReply,
          examples: { reloaded: { value: { model: { name: 'xception-cifar10', version: '2', backend: 'cpu', precision: 'float32' } } } }
        }
      }
    },
    ...problemReplies(['reload_in_progress', 'reload_failed', 'reload_refused'])
  }
}
