import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { PeerOptions } from './handler.js'

/** A peer's process that answers POST /classify and GET /livez. */
export interface PeerServer {
  readonly url: string
  /** Makes a server that is not measured take no CPU time; until `resume` it answers nothing. Left out where a server rests by itself. */
  pause? (): void
  resume? (): void
  stop (): Promise<unknown>
}

/** Starts a peer and resolves when it listens. Rejects with what it printed if it ends first. */
export async function startPeer (name: 'onnxruntime' | 'stock', options: PeerOptions): Promise<PeerServer> {
  const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url))
  const child = spawn(process.execPath, [file, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const errors: string[] = []
  child.stderr.on('data', (chunk: Buffer) => { errors.push(chunk.toString()) })
  const exit = once(child, 'close')
  const url = await new Promise<string>((resolve, reject) => {
    exit.then(() => { reject(new Error(`the peer ${name} ended: ${errors.join('')}`)) }, reject)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /^listening at (http:\S+)$/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
  })
  return {
    url,
    stop: () => {
      child.kill('SIGKILL')
      return exit
    }
  }
}
