import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js'
import type { FastifyBaseLogger } from 'fastify'
import { countConnections } from '../telemetry/connections.js'
import { RefusalLog } from '../telemetry/refusal-log.js'
import type { IntakeOptions } from '../intake/admitted.js'
import { callHandler, type CallOptions } from './call.js'
import { openInferenceMethods, type Method } from './messages.js'
import { methodAnswers } from './methods.js'
import { rememberStatus } from './own-refusals.js'
import { answerUnknownMethods, refuseUnknownMethod, UNKNOWN_METHOD } from './unknown-method.js'

/** Calls at a time on one connection: what each has received of its message is in memory before it is counted. */
const MAX_STREAMS = 100
/** What a client sends before its first call: HTTP/2's preface and the head of a SETTINGS frame (RFC 9113 sections 3.4 and 4.1). */
const OPENING_BYTES = 24 + 9

export interface GrpcOptions extends Omit<CallOptions, 'refusals' | 'requestTimeoutMs'> {
  readonly intake: IntakeOptions
  readonly maxConnections: number
  readonly logger: FastifyBaseLogger
}

/** The Open Inference Protocol over gRPC, without TLS. */
export interface GrpcServer {
  /** Resolves with the address. Rejects with the system's error. */
  listen (host: string, port: number): Promise<string>
  /** Takes no more calls and resolves once those that it has are answered. */
  close (): Promise<void>
}

export function createGrpcServer ({ intake, maxConnections, ...options }: GrpcOptions): GrpcServer {
  const { maxRequestBytes, requestTimeoutMs } = intake.limits
  const refusals = new RefusalLog(options.logger)
  const server = new Server({
    'grpc.max_receive_message_length': maxRequestBytes,
    'grpc.max_concurrent_streams': MAX_STREAMS,
    'grpc.enable_channelz': 0,
    interceptors: [rememberStatus]
  })
  const answers = methodAnswers(intake)
  const methods = openInferenceMethods()
  const handlers: UntypedServiceImplementation = {}
  for (const method of methods) {
    const { answer, isHealth } = answers[method.name] ?? missing(method)
    handlers[method.name] = callHandler(method, answer, isHealth, { ...options, requestTimeoutMs, refusals })
  }
  server.addService(definitionOf(methods), handlers)
  answerUnknownMethods(server, callHandler(UNKNOWN_METHOD, refuseUnknownMethod, false, { ...options, requestTimeoutMs, refusals }))
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  // A listener of its own: gRPC's would take connections without end.
  const sockets = new Set<Socket>()
  const listener = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => { sockets.delete(socket) })
    injector.injectConnection(socket)
  })
  countConnections({ server: listener }, options.metrics, 'grpc')
  listener.maxConnections = maxConnections
  listener.on('drop', () => { options.metrics.connectionsRefused.inc() })
  return {
    listen: async (host, port) => {
      listener.listen(port, host)
      await once(listener, 'listening')
      const { address, port: found, family } = listener.address() as AddressInfo
      return family === 'IPv6' ? `[${address}]:${found}` : `${address}:${found}`
    },
    close: async () => {
      listener.close()
      // A session that the client never opened would be waited for.
      for (const socket of sockets) if (socket.bytesRead < OPENING_BYTES) socket.destroy()
      await new Promise<void>((resolve, reject) => {
        server.tryShutdown((error) => { error === undefined ? resolve() : reject(error) })
      })
      refusals.close()
    }
  }
}

function missing ({ name }: Method): never {
  throw new Error(`the schema has a method ${name} that nothing answers`)
}

function definitionOf (methods: readonly Method[]): ServiceDefinition {
  const asItIs = (bytes: Buffer): Buffer => bytes
  return Object.fromEntries(methods.map(({ name, path }) => [name, {
    path,
    // One message, as a stream: callHandler says why.
    requestStream: true,
    responseStream: false,
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs
  }]))
}
