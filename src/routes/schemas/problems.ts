import type { TSchema } from '../../base/typebox.js'
import { ERRORS, type ErrorCode, type ServiceError } from '../../base/errors.js'
import { problem, toProblem } from '../../contract/problems.js'
import { EXAMPLES } from './examples.js'

/** One status of a route, as OpenAPI has it. */
export interface ReplySchema {
  readonly description: string
  readonly headers?: Readonly<Record<string, object>>
  readonly content: Readonly<Record<string, { readonly schema: TSchema, readonly examples?: object, readonly example?: unknown }>>
}

/** What any request can be answered, whatever its address. */
const ANYWHERE: readonly ErrorCode[] = [
  'malformed_request', 'not_found', 'method_not_allowed', 'request_timeout', 'headers_too_large', 'client_closed_request', 'internal_error'
]
/** What a request can be answered that asks for work. */
export const GUARDED: readonly ErrorCode[] = ['unauthorized', 'rate_limited']

/** Statuses after which trying again makes sense. */
const RETRIED = [429, 503]

/** How errors are written: as which type, by which schema, and one of them. */
export interface ErrorForm {
  readonly type: string
  readonly schema: (codes: readonly ErrorCode[]) => TSchema
  readonly body: (error: ServiceError) => unknown
}

const PROBLEM: ErrorForm = { type: 'application/problem+json', schema: problem, body: toProblem }

/** The replies of a route that fails with these codes, and with those of every route, by status. */
export function problemReplies (codes: readonly ErrorCode[]): Record<number, ReplySchema> {
  return errorReplies(codes, PROBLEM)
}

/** As `problemReplies()`, in another form. */
export function errorReplies (codes: readonly ErrorCode[], form: ErrorForm): Record<number, ReplySchema> {
  const all = [...new Set([...codes, ...ANYWHERE])]
  const statuses = [...new Set(all.map((code) => ERRORS[code].status as number))].sort((left, right) => left - right)
  return Object.fromEntries(statuses.map((status) => [status, replyOf(all.filter((code) => ERRORS[code].status === status), status, form)]))
}

function replyOf (codes: readonly ErrorCode[], status: number, { type, schema, body }: ErrorForm): ReplySchema {
  const examples = Object.fromEntries(codes.map((code) => (
    [code, { summary: ERRORS[code].title, value: body(EXAMPLES[code]) }]
  )))
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}.`).join(' '),
    ...headersOf(status),
    content: { [type]: { schema: schema(codes), examples } }
  }
}

function headersOf (status: number): Pick<ReplySchema, 'headers'> {
  if (status === 401) return { headers: { 'www-authenticate': { type: 'string', description: 'How to bring a key (RFC 6750).' } } }
  if (status === 405) return { headers: { allow: { type: 'string', description: 'The methods that the address takes.' } } }
  if (!RETRIED.includes(status)) return {}
  return { headers: { 'retry-after': { type: 'integer', description: 'Seconds after which trying again makes sense.' } } }
}
