import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { childOf } from './child.js'
import { until, within } from './until.js'

/** Node has no datagrams of this kind. What begins with "@" is an abstract address. */
const LISTENER = `
import json, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1].replace('@', '\\0', 1))
print('"bound"', flush=True)
while True: print(json.dumps(listener.recv(4096).decode()), flush=True)
`

/** What a service manager hears. */
export class Datagrams {
  readonly all: string[] = []

  /** Listens at an address until the test is over. */
  static async at (t: TestContext, address: string): Promise<Datagrams> {
    const heard = new Datagrams()
    const python = childOf(t, spawn('python3', ['-c', LISTENER, address], { stdio: ['ignore', 'pipe', 'inherit'] }))
    const lines = createInterface({ input: python.stdout })
    await within('a socket for datagrams', once(lines, 'line'))
    lines.on('line', (line) => { heard.all.push(JSON.parse(line) as string) })
    return heard
  }

  /** Resolves once so many have been heard that match. */
  async until (pattern: RegExp, count = 1): Promise<void> {
    const heard = (): number => this.all.filter((message) => pattern.test(message)).length
    await until(() => `${count} of ${pattern} among ${JSON.stringify(this.all)}`, () => heard() >= count)
  }
}
