import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { childOf } from '../support/child.js'
import { freePort } from '../support/free-port.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

/** For a test's `skip` option: false, or the reason. */
export const withoutHaproxy: string | false = spawnSync('haproxy', ['-v']).error === undefined ? false : 'haproxy is not installed'

export interface LoadBalancer {
  readonly port: number
  /** Resolves when the health checks find that many servers. */
  waitForServers (count: number): Promise<void>
}

/** HAProxy in front of the given ports: no retry, no second server for a failed request, connections kept alive on both sides. */
export async function startHaproxy (t: TestContext, ports: readonly number[]): Promise<LoadBalancer> {
  const folder = tempFolder(t)
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
  childOf(t, spawn('haproxy', ['-q', '-db', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] }))
  const serversUp = async (): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${statsPort}/;csv`).catch(() => undefined)
    return [...(await response?.text() ?? '').matchAll(/^replicas,at-\d+,.*,UP,/gm)].length
  }
  return {
    port,
    waitForServers: async (count) => {
      await until(`${count} servers that are up`, async () => await serversUp() === count)
    }
  }
}
