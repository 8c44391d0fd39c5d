import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'

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
  private readonly events = new EventEmitter()

  /** Listens at an address until the test is over. */
  static async at (t: TestContext, address: string): Promise<Datagrams> {
    const heard = new Datagrams()
    const python = spawn('python3', ['-c', LISTENER, address], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(async () => {
      python.kill('SIGKILL')
      await once(python, 'close')
    })
    const lines = createInterface({ input: python.stdout })
    await once(lines, 'line')
    lines.on('line', (line) => {
      heard.all.push(JSON.parse(line) as string)
      heard.events.emit('heard')
    })
    return heard
  }

  /** Resolves once so many have been heard that match. */
  async until (pattern: RegExp, count = 1): Promise<void> {
    while (this.all.filter((message) => pattern.test(message)).length < count) await once(this.events, 'heard')
  }
}
