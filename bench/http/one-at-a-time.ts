import { Agent, request as httpRequest, type RequestOptions } from 'node:http'
import { performance } from 'node:perf_hooks'

/** One answer, and what the client waited for it in milliseconds. */
interface Exchange {
  readonly milliseconds: number
  readonly body: unknown
}

/** A client that sends one request after the other on one connection. */
export class SingleConnection {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 })

  constructor (private readonly url: string) {}

  /** Sends a JPEG. Throws an Error if the answer is not 200. */
  async classify (photo: Buffer): Promise<Exchange> {
    const headers = { 'content-type': 'image/jpeg', 'content-length': photo.length }
    return await this.exchange('/classify', { method: 'POST', headers }, photo)
  }

  /** Asks for nothing but an answer. Throws as `classify`. */
  async probe (): Promise<Exchange> {
    return await this.exchange('/livez', {})
  }

  close (): void {
    this.agent.destroy()
  }

  private exchange (path: string, options: RequestOptions, body?: Buffer): Promise<Exchange> {
    return new Promise((resolve, reject) => {
      const sentAt = performance.now()
      const request = httpRequest(`${this.url}${path}`, { ...options, agent: this.agent }, (response) => {
        const pieces: Buffer[] = []
        response.on('data', (piece: Buffer) => { pieces.push(piece) })
        response.once('error', reject)
        response.once('end', () => {
          const milliseconds = performance.now() - sentAt
          const text = Buffer.concat(pieces).toString()
          if (response.statusCode === 200) resolve({ milliseconds, body: JSON.parse(text) })
          else reject(new Error(`${path} answered ${response.statusCode}: ${text}`))
        })
      })
      request.once('error', reject)
      request.end(body)
    })
  }
}
