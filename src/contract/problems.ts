import { Type, type TEnum, type TInteger, type TLiteral, type TObject, type TString } from '../base/typebox.js'
import { ERRORS, type ErrorCode, type ServiceError } from '../base/errors.js'
import type { TypeOf } from './type-of.js'

/** RFC 9457 problem details, the body of an error reply and of each failed image in a larger reply, with one of these codes. */
export function problem (codes: readonly ErrorCode[]): TObject<{
  type: TLiteral<'about:blank'>, title: TString, status: TInteger, detail: TString, code: TEnum<ErrorCode[]>
}> {
  return Type.Object({
    type: Type.Literal('about:blank'),
    title: Type.String({ description: 'Says what the code means; may change.' }),
    status: Type.Integer({ description: 'The HTTP status of the error.' }),
    detail: Type.String({ description: 'One sentence: what happened, and what to do about it.' }),
    code: Type.Enum([...codes], { description: 'Stable: what a program decides by.' })
  }, { additionalProperties: false })
}
export type Problem = TypeOf<ReturnType<typeof problem>>

/** An error as the protocols of other servers have it. */
export function protocolError (codes: readonly ErrorCode[]): TObject<{ error: TString, code: TEnum<ErrorCode[]> }> {
  return Type.Object({
    error: Type.String({ description: 'What happened and what to do about it.' }),
    code: Type.Enum([...codes], { description: 'Stable, as in the problem details of POST /classify.' })
  }, { additionalProperties: false })
}
export type ProtocolError = TypeOf<ReturnType<typeof protocolError>>

export function toProblem (error: ServiceError): Problem {
  const { status, title } = ERRORS[error.code]
  return { type: 'about:blank', title, status, detail: error.message, code: error.code }
}

export function toProtocolError ({ message, code }: ServiceError): ProtocolError {
  return { error: message, code }
}
