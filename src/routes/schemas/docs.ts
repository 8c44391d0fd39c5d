import { Type } from '../../base/typebox.js'
import { problemReplies } from './problems.js'

export const DOCUMENT = {
  operationId: 'openapi',
  summary: 'This document',
  tags: ['service'],
  security: [],
  response: {
    200: {
      description: 'OpenAPI 3.1.',
      content: {
        'application/json': { schema: Type.Object({ openapi: Type.String() }), examples: { start: { value: { openapi: '3.1.0' } } } }
      }
    },
    ...problemReplies([])
  }
}
