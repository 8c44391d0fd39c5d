import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { packagePath } from '../../src/base/package-root.js'
import { Datagrams } from '../support/datagrams.js'
import { CAT_SERVER, childrenOf, startServer } from '../support/server.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const onLinux = { skip: process.platform === 'linux' ? false : 'datagrams of this kind are sent on Linux only' }

test('a service manager is told of start, reload and end, and of life while the engine answers', onLinux, async (t) => {
  const folder = tempFolder(t)
  const heard = await Datagrams.at(t, join(folder, 'notify'))
  const server = await startServer(t, {
    NOTIFY_SOCKET: join(folder, 'notify'), WATCHDOG_USEC: '200000', INFERENCE_TIMEOUT_MS: '4000'
  }, CAT_SERVER)
  await heard.until(/^WATCHDOG=1$/, 2)
  assert.equal(heard.all[0], 'READY=1')
  const engine = (await childrenOf(server.pid))[0] ?? 0
  assert.doesNotMatch(readFileSync(`/proc/${engine}/environ`, 'utf8'), /NOTIFY_SOCKET|WATCHDOG_/)

  const signs = (): number => heard.all.filter((message) => message === 'WATCHDOG=1').length
  process.kill(engine, 'SIGSTOP')
  const before = signs()
  await until('a worker that is replaced', () => server.log.some((line) => line.includes('a worker failed and is replaced')))
  // Forty would have come; two may have been under way.
  assert.ok(signs() <= before + 2, `${signs() - before} signs of life of an engine that hangs`)
  await heard.until(/^WATCHDOG=1$/, signs() + 1)

  process.kill(server.pid, 'SIGHUP')
  await heard.until(/^RELOADING=1\nMONOTONIC_USEC=\d+$/)
  await heard.until(/^READY=1$/, 2)
  assert.equal(await server.stop(), 0)
  await heard.until(/^STOPPING=1$/)
})

const CAN_MOUNT = process.getuid?.() === 0 && canMount()

function canMount (): boolean {
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('it serves where the home folder of whoever set it up is hidden', {
  skip: CAN_MOUNT ? false : 'it mounts file systems, which takes root'
}, async (t) => {
  // Node, or the clone itself, may be in the home folder: then what the set-up keeps there is hidden.
  const home = homedir()
  const isThere = [process.execPath, packagePath('.'), tmpdir()].some((path) => path.startsWith(`${home}/`))
  const hidden = isThere ? process.env['XDG_CACHE_HOME'] ?? join(home, '.cache') : home
  const cache = tempFolder(t)
  const hide = 'mount -t tmpfs -o ro tmpfs "$1" && exec "$2" "$3"'
  const server = await startServer(t,
    { KERNELS: 'tensorflow', MODEL_CACHE_DIR: cache }, ['unshare', '-m', 'sh', '-c', hide, 'sh', hidden, process.execPath, MAIN]
  )
  assert.equal(await server.stop(), 0)
})
