import { OperatorError } from '../base/errors.js'
import { isPercentEncoded, isWebAddress, withoutCredentials } from '../base/web-address.js'

/** What asks for traces where OTEL_TRACES_EXPORTER does not say. */
const ENDPOINTS = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']
const HEADERS = ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS']
/** The first that is set holds. */
const PROTOCOLS = ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL']
const PROTOBUF = 'http/protobuf'
const SAMPLERS = ['always_on', 'always_off', 'traceidratio']
const PARENT_BASED = 'parentbased_'

type Env = Readonly<Record<string, string | undefined>>

/** Which traces are sent, and what says whose child a request's span is. Where they are sent the exporter reads by itself. */
export interface TracingSettings {
  /** Share of the requests that are recorded, from 0 to 1. */
  readonly ratio: number
  /** Whether a client's `traceparent` is read. */
  readonly hasParents: boolean
}

/**
 * The variables of OpenTelemetry's specification (SDK Environment Variable Configuration) that concern traces. Undefined: there are to
 * be none. Throws an OperatorError about what this service does not do, and about what the SDK would pass over without a word.
 */
export function readTracing (env: Env): TracingSettings | undefined {
  const isDisabled = oneOf(env, 'OTEL_SDK_DISABLED', ['true', 'false']) ?? 'false'
  if (isDisabled === 'true') return undefined
  const isWanted = ENDPOINTS.some((name) => valueOf(env, name) !== undefined)
  if ((oneOf(env, 'OTEL_TRACES_EXPORTER', ['otlp', 'none']) ?? (isWanted ? 'otlp' : 'none')) === 'none') return undefined
  const protocol = PROTOCOLS.find((name) => valueOf(env, name) !== undefined)
  if (protocol !== undefined) oneOf(env, protocol, [PROTOBUF])
  for (const name of ENDPOINTS) demand(env, name, isWebAddress, 'an address such as http://collector:4318')
  for (const name of HEADERS) demand(env, name, arePairs, 'name=value, percent-encoded, with commas between several')
  return { ratio: readRatio(env), hasParents: readsParents(env) }
}

function readRatio (env: Env): number {
  const sampler = oneOf(env, 'OTEL_TRACES_SAMPLER', [...SAMPLERS, ...SAMPLERS.map((name) => PARENT_BASED + name)])
  switch (sampler?.replace(PARENT_BASED, '')) {
    case 'always_off': return 0
    case 'traceidratio':
      demand(env, 'OTEL_TRACES_SAMPLER_ARG', (text) => Number(text) >= 0 && Number(text) <= 1, 'a number from 0 to 1')
      return Number(valueOf(env, 'OTEL_TRACES_SAMPLER_ARG') ?? 1)
    default: return 1
  }
}

/** Baggage has no effect here: the service asks no other one. */
function readsParents (env: Env): boolean {
  const name = 'OTEL_PROPAGATORS'
  const propagators = valueOf(env, name)?.toLowerCase().split(',').map((one) => one.trim())
  if (propagators === undefined) return true
  const isNone = propagators.join() === 'none'
  if (!isNone && !propagators.every((one) => one === 'tracecontext' || one === 'baggage')) {
    throw refusal(env, name, 'tracecontext, baggage, both with a comma between them, or none')
  }
  return propagators.includes('tracecontext')
}

/** What a variable says, in lower case. The specification has names compared so. */
function oneOf (env: Env, name: string, allowed: readonly string[]): string | undefined {
  demand(env, name, (text) => allowed.includes(text.toLowerCase()), allowed.join(', '))
  return valueOf(env, name)?.toLowerCase()
}

function demand (env: Env, name: string, isAllowed: (text: string) => boolean, words: string): void {
  const value = valueOf(env, name)
  if (value !== undefined && !isAllowed(value)) throw refusal(env, name, words)
}

function refusal (env: Env, name: string, words: string): OperatorError {
  // A header's value may be a secret.
  const value = HEADERS.includes(name) ? '' : `=${withoutCredentials(env[name] ?? '')}`
  return new OperatorError(`${name}${value} is not supported: it takes ${words}.`)
}

/** An empty variable is none, as the specification says. */
function valueOf (env: Env, name: string): string | undefined {
  const value = env[name]?.trim()
  return value === '' ? undefined : value
}

/** Headers as OTLP takes them: values are percent-encoded, and those that are not are left out by the SDK without a word. */
function arePairs (text: string): boolean {
  return text.split(',').every((pair) => (
    /^\s*[\w!#$%&'*+.^`|~-]+\s*=/.test(pair) && isPercentEncoded(pair) && isHeaderValue(decodeURIComponent(pair))
  ))
}

/** Whether a header can hold it (RFC 9110, section 5.5). */
function isHeaderValue (text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
}
