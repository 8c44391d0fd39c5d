import { Type } from 'typebox'
import { LOG_LEVELS } from '../../base/log-levels.js'
import { problemReplies } from './problems.js'

const Level = Type.Union(LOG_LEVELS.map((level) => Type.Literal(level)))

export const LEVEL_WANTED = Type.Object({ level: Level })

const levels = {
  200: {
    description: 'The least severe log lines that are printed, and which LOG_LEVEL asks for.',
    content: {
      'application/json': {
        schema: Type.Object({ level: Level, configured: Level }, { additionalProperties: false }),
        examples: { levels: { value: { level: 'debug', configured: 'info' } } }
      }
    }
  }
}

export const LOG_LEVEL_SHOWN = {
  operationId: 'showLogLevel',
  summary: 'Says what is logged',
  tags: ['administration'],
  response: { ...levels, ...problemReplies([]) }
}

export const LOG_LEVEL_CHANGE = {
  operationId: 'changeLogLevel',
  summary: 'Changes what is logged, until the end of the process',
  tags: ['administration'],
  body: { content: { 'application/json': { schema: LEVEL_WANTED, examples: { debug: { value: { level: 'debug' } } } } } },
  response: { ...levels, ...problemReplies(['malformed_body']) }
}

export const LOG_LEVEL_RESET = {
  operationId: 'resetLogLevel',
  summary: 'Logs what LOG_LEVEL asks for again',
  tags: ['administration'],
  response: { ...levels, ...problemReplies([]) }
}
