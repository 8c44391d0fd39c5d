import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { fileURLToPath } from 'node:url'

const SCHEMA = fileURLToPath(new URL('../../../protocols/open-inference.proto', import.meta.url))
const ANSWER_MS = 60_000

export type Message = Record<string, unknown>
export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly withinMs?: number
}

/** A call that can be cancelled; `answer` rejects with what gRPC says. */
export interface StartedCall {
  readonly answer: Promise<Message>
  cancel (): void
}

interface Logging { readonly log: readonly string[] }

/** Where the server's log says that gRPC listens. */
export function grpcAddress ({ log }: Logging): string {
  const found = log.map((line) => /"gRPC at (\S+)"/.exec(line)?.[1]).find((address) => address !== undefined)
  if (found === undefined) throw new Error('the log says nothing of gRPC')
  return found
}

/** Calls the service by its published schema. */
export class GrpcClient {
  private readonly client: Client
  private readonly root = protobuf.loadSync(SCHEMA)

  constructor (server: Logging) {
    this.client = new Client(grpcAddress(server), credentials.createInsecure())
  }

  start (method: string, request: Message | Uint8Array = {}, { headers = {}, withinMs = ANSWER_MS }: CallOptions = {}): StartedCall {
    const typeOf = (end: string): protobuf.Type | null => this.root.lookup(`inference.${method}${end}`) as protobuf.Type | null
    const [requestType, responseType] = [typeOf('Request'), typeOf('Response')]
    const serialize = (message: Message | Uint8Array): Buffer => (
      Buffer.from(message instanceof Uint8Array ? message : requestType?.encode(message).finish() ?? [])
    )
    const deserialize = (bytes: Buffer): Message => (
      responseType?.toObject(responseType.decode(bytes), { longs: Number, defaults: true }) ?? {}
    )
    const metadata = new Metadata()
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
    let cancel = (): void => {}
    const answer = new Promise<Message>((resolve, reject) => {
      const path = `/inference.GRPCInferenceService/${method}`
      const deadline = Date.now() + withinMs
      const call = this.client.makeUnaryRequest(path, serialize, deserialize, request, metadata, { deadline }, (error, message) => {
        if (error !== null) reject(error)
        else resolve(message ?? {})
      })
      cancel = () => { call.cancel() }
    })
    return { answer, cancel }
  }

  async call (method: string, request?: Message | Uint8Array, options?: CallOptions): Promise<Message> {
    return await this.start(method, request, options).answer
  }

  close (): void {
    this.client.close()
  }
}

/** What a refused call says: gRPC's status and details, and what the trailing metadata tell. */
export interface Refusal {
  readonly code: number
  readonly details: string
  readonly errorCode: unknown
  readonly pushbackMs: unknown
}

export async function refusal (answer: Promise<Message>): Promise<Refusal> {
  const error = await answer.then(() => { throw new Error('the call was answered') }, (reason: ServiceError) => reason)
  const [errorCode] = error.metadata.get('x-error-code')
  const [pushbackMs] = error.metadata.get('grpc-retry-pushback-ms')
  return { code: error.code, details: error.details, errorCode, pushbackMs }
}
