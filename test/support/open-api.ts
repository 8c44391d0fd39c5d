import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'

interface Media {
  readonly schema?: object
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>
}
interface Parameter {
  readonly name: string
  readonly description?: string
  readonly schema: object
  readonly example?: unknown
}
interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly parameters?: readonly Parameter[]
  readonly responses: Readonly<Record<string, { readonly description: string, readonly content?: Readonly<Record<string, Media>> }>>
}
/** What the tests read of an OpenAPI document. */
export interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

const ajv = new Ajv2020({ strict: false, formats: { binary: true } })

/** The document of a server, or of its port of administration. */
export async function documentOf (url: string): Promise<Document> {
  return await (await fetch(`${url}/openapi.json`)).json() as Document
}

export function operationsOf ({ paths }: Document): Operation[] {
  return Object.values(paths).flatMap((path) => Object.values(path))
}

/** The content of all replies. */
export function mediaOf (document: Document): Media[] {
  return operationsOf(document).flatMap(({ responses }) => Object.values(responses).flatMap(({ content }) => Object.values(content ?? {})))
}

/** That a reply is as the document says, of the operation with this method, or of an address with one operation, or another method. */
export async function assertDescribed ({ paths }: Document, path: string, response: Response, method = ''): Promise<void> {
  const operations = paths[path] ?? {}
  const operation = operations[method.toLowerCase()] ?? Object.values(operations)[0]
  const described = operation?.responses[response.status]
  const type = response.headers.get('content-type')?.split(';')[0] ?? ''
  const media = described?.content?.[type]
  assert.ok(media !== undefined, `${type} with the status ${response.status}`)
  const body = Buffer.from(await response.arrayBuffer())
  if (type.endsWith('json')) assertValid(media.schema, JSON.parse(body.toString()))
  // What comes before tensors as binary data is as the JSON is that has them in it.
  const jsonBytes = response.headers.get('inference-header-content-length')
  const json = described?.content?.['application/json']
  if (jsonBytes !== null) assertValid(json?.schema, JSON.parse(body.toString('utf8', 0, Number(jsonBytes))))
}

/**
 * That an error says the very sentence that the document shows for its code, but for its numbers. Some codes have several sentences,
 * of which the document shows one.
 */
export async function assertShown ({ paths }: Document, path: string, response: Response): Promise<string> {
  const { code = '', ...said } = await response.clone().json() as ErrorBody
  const type = response.headers.get('content-type')?.split(';')[0] ?? ''
  const contents = Object.values(paths[path] ?? {}).map(({ responses }) => responses[response.status]?.content?.[type])
  const shown = contents.map((content) => content?.examples?.[code]?.value)
  assert.ok(shown.length > 0 && shown[0] !== undefined, `${code} has no example at ${path}`)
  for (const example of shown) assert.equal(sentenceOf(said), sentenceOf(example as ErrorBody))
  return code
}

interface ErrorBody { readonly code?: string, readonly detail?: string, readonly error?: string }

function sentenceOf ({ detail, error }: ErrorBody): string {
  return (detail ?? error ?? '').replaceAll(/\d+/g, 'N')
}

export function assertValid (schema: object | undefined, value: unknown): void {
  const validate = ajv.compile(schema ?? false)
  assert.ok(validate(value), `${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)?.slice(0, 300)}`)
}
