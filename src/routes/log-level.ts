import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { malformedBody } from '../base/sentences.js'
import { SchemaError, parser } from '../base/schema.js'
import { LogLevelWanted, type LogLevel, type LogLevels } from '../contract/log-level.js'
import { described } from './described.js'
import { LOG_LEVEL_CHANGE, LOG_LEVEL_RESET, LOG_LEVEL_SHOWN } from './schemas/log-level.js'

const PATH = '/admin/log-level'
/** More than any level takes. */
const MAX_BODY_BYTES = 1024
const INFORMING: ReadonlySet<string> = new Set(['info', 'debug', 'trace'])

const parseWanted = parser(LogLevelWanted, 'The body')

/**
 * GET, PUT and DELETE /admin/log-level: what is logged from now on, without a restart, and back to what LOG_LEVEL says. Requests that
 * are under way keep the level that they began with. The logger is the one that all others come from.
 */
export async function logLevelRoutes (app: FastifyInstance, { logger }: { logger: FastifyBaseLogger }): Promise<void> {
  const configured = levelOf(logger)
  const levels = (): LogLevels => ({ level: levelOf(logger), configured })
  const change = (level: LogLevel): LogLevels => {
    changeLevel(logger, level)
    return levels()
  }
  // Whatever type it says: curl calls JSON a form unless it is told otherwise.
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: MAX_BODY_BYTES }, (_request, body, done) => { done(null, body) })
  app.get(PATH, described(LOG_LEVEL_SHOWN), levels)
  app.put(PATH, described(LOG_LEVEL_CHANGE), (request) => change(readLevel(request.body)))
  app.delete(PATH, described(LOG_LEVEL_RESET), () => change(configured))
}

/** The service adds none to the logger's own levels. */
function levelOf (logger: FastifyBaseLogger): LogLevel {
  return logger.level as LogLevel
}

/** The more talkative of the two levels tells of the change. */
function changeLevel (logger: FastifyBaseLogger, level: LogLevel): void {
  const change = { from: logger.level, to: level }
  if (change.from === level) return
  const tell = (): void => { logger.info(change, 'the log level changes') }
  const informs = INFORMING.has(logger.level)
  if (informs) tell()
  logger.level = level
  if (!informs) tell()
}

function readLevel (body: unknown): LogLevel {
  try {
    return parseWanted(JSON.parse(typeof body === 'string' ? body : '')).level
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof SchemaError)) throw error
    const why = error instanceof SyntaxError ? 'is no JSON' : error.message.replace('The body', '').trim()
    throw malformedBody(`The body ${why}: it is such as {"level":"debug"}`, error)
  }
}
