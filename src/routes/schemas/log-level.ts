import { LogLevels, LogLevelWanted } from '../../contract/log-level.js'
import { problemReplies } from './problems.js'

const levels = {
  200: {
    description: 'The least severe log lines that are printed, and which LOG_LEVEL asks for.',
    content: {
      'application/json': {
        schema: LogLevels,
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
  body: { content: { 'application/json': { schema: LogLevelWanted, examples: { debug: { value: { level: 'debug' } } } } } },
  response: { ...levels, ...problemReplies(['malformed_body']) }
}

export const LOG_LEVEL_RESET = {
  operationId: 'resetLogLevel',
  summary: 'Logs what LOG_LEVEL asks for again',
  tags: ['administration'],
  response: { ...levels, ...problemReplies([]) }
}
