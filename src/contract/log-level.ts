import { Type } from '../base/typebox.js'
import { LOG_LEVELS } from '../base/log-levels.js'
import type { TypeOf } from './type-of.js'

export type LogLevel = typeof LOG_LEVELS[number]
const Level = Type.Unsafe<LogLevel>(Type.Union(LOG_LEVELS.map((level) => Type.Literal(level))))

export const LogLevelWanted = Type.Object({ level: Level })

/** The least severe log lines that are printed, and which LOG_LEVEL asks for. */
export const LogLevels = Type.Object({ level: Level, configured: Level }, { additionalProperties: false })
export type LogLevels = TypeOf<typeof LogLevels>
