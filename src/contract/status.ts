import { Type } from '../base/typebox.js'
import { ServedModel } from './models.js'
import type { TypeOf } from './type-of.js'

/** Why the service takes no requests. */
export const NOT_READY_REASONS = ['loading', 'restarting', 'decoder_failed', 'draining'] as const
export type NotReadyReason = typeof NOT_READY_REASONS[number]

export const Alive = Type.Object({ status: Type.Literal('alive') })
export type Alive = TypeOf<typeof Alive>

export const Ready = Type.Object({ status: Type.Literal('ready') })
export type Ready = TypeOf<typeof Ready>

export const NotReady = Type.Object({
  status: Type.Literal('not ready'),
  reason: Type.Enum([...NOT_READY_REASONS]),
  progress: Type.Optional(Type.String({ description: 'What loading is at, in words.' }))
}, { additionalProperties: false })
export type NotReady = TypeOf<typeof NotReady>

/** What GET / answers to programs; the model is missing while it loads. */
export const About = Type.Object({
  service: Type.Literal('xception-serve'),
  status: Type.Enum(['ready', ...NOT_READY_REASONS]),
  model: Type.Optional(ServedModel),
  classify: Type.String(),
  needsKey: Type.Boolean(),
  maxImageBytes: Type.Integer(),
  endpoints: Type.Array(Type.String())
})
export type About = TypeOf<typeof About>
