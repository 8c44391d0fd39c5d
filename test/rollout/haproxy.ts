import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port.js'

/** For a test's `skip` option: false, or the reason. */
export const withoutHaproxy: string | false = spawnSync('haproxy', ['-v']).error === undefined ? false : 'haproxy is not installed'

export interface LoadBalancer {
  readonly port: number
  /** Resolves when the health checks find that many servers. */
  waitForServers (count: number): Promise<void>
  stop (): Promise<void>
}

/** HAProxy in front of the given ports: no retry, no second server for a failed request, connections kept alive on both sides. */
export async function startHaproxy (ports: readonly number[]): Promise<LoadBalancer> {
  const folder = mkdtempSync(join(tmpdir(), 'xception-haproxy-'))
  const [port, statsPort] = [await freePort(), await freePort()]
  const file = join(folder, 'haproxy.cfg')
  writeFileSync(file, `
defaults
  mode http
  retries 0
  no option redispatch
  option http-keep-alive
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout check 2s
frontend classify
  bind 127.0.0.1:${port}
  default_backend replicas
backend replicas
  balance roundrobin
  option httpchk GET /readyz
  http-check expect status 200
  default-server check inter 200ms fall 2 rise 1
${ports.map((server) => `  server at-${server} 127.0.0.1:${server}`).join('\n')}
frontend stats
  bind 127.0.0.1:${statsPort}
  stats enable
  stats uri /
`)
  const child = spawn('haproxy', ['-q', '-db', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] })
  const serversUp = async (): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${statsPort}/;csv`).catch(() => undefined)
    return [...(await response?.text() ?? '').matchAll(/^replicas,at-\d+,.*,UP,/gm)].length
  }
  return {
    port,
    waitForServers: async (count) => {
      while (await serversUp() !== count) await new Promise((resolve) => setTimeout(resolve, 50))
    },
    stop: async () => {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
      rmSync(folder, { recursive: true })
    }
  }
}
