import assert from 'node:assert/strict'
import { cpSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { packagePath } from '../../src/base/package-root.js'
import { readConfig } from '../../src/config.js'
import { LoadedModel } from '../../src/service/loaded-model.js'
import { Reloader } from '../../src/service/reload.js'
import { Slot } from '../../src/service/slot.js'
import { openModel } from '../../src/sources/open.js'
import { Metrics } from '../../src/telemetry/metrics.js'
import { CAT } from '../support/cat.js'
import { CAT_SERVER, startServer, type RunningServer } from '../support/server.js'
import { tempFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

/** Between a client's requests: without, they take the CPUs that the reloads need. */
const PAUSE_MS = 100

const workerFile = new URL('../support/misbehaving-worker.js', import.meta.url)

/** Two packages of the same network, of which a link names one. */
function packages (t: TestContext): { link: string, name: (version: string) => void, folder: string } {
  const folder = tempFolder(t)
  for (const version of ['one', 'two']) {
    cpSync(packagePath('models/xception-cifar10'), join(folder, version), { recursive: true })
    const path = join(folder, version, 'model.json')
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')) as object, version }))
  }
  const link = join(folder, 'current')
  const name = (version: string): void => {
    symlinkSync(version, `${link}.next`)
    renameSync(`${link}.next`, link)
  }
  name('one')
  return { link, name, folder }
}

const linesWith = ({ log }: RunningServer, msg: string): string[] => log.filter((line) => line.includes(`"msg":"${msg}`))

async function reload (server: RunningServer): Promise<void> {
  const ends = (): number => linesWith(server, 'reloaded').length + linesWith(server, 'not reloaded').length
  const before = ends()
  process.kill(server.pid, 'SIGHUP')
  await until('the end of a reload', () => ends() > before)
}

test('twenty reloads of two models under load: no request fails, and the metrics name what serves', async (t) => {
  const { link, name } = packages(t)
  const server = await startServer(t, { MODEL: link }, CAT_SERVER)
  const statuses = new Map<number, number>()
  const versions = new Set<string>()
  const over = new AbortController()
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const response = await fetch(`${server.url}/classify`, { method: 'POST', body: CAT, headers: { 'content-type': 'image/jpeg' } })
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
      versions.add((await response.json() as { model: { version: string } }).model.version)
      await sleep(PAUSE_MS)
    }
  }
  const clients = [client(), client(), client()]
  for (let times = 1; times <= 20; times++) {
    name(times % 2 === 0 ? 'one' : 'two')
    await reload(server)
  }
  over.abort()
  await Promise.all(clients)
  assert.deepEqual([...statuses.keys()], [200])
  assert.deepEqual([...versions].sort(), ['one', 'two'])
  assert.equal(linesWith(server, 'reloaded').length, 20)
  const text = await (await fetch(`${server.url}/metrics`)).text()
  assert.equal(text.match(/^xception_model_info\{/gm)?.length, 1)

  writeFileSync(join(link, 'model.json'), '{}')
  await reload(server)
  assert.match(linesWith(server, 'not reloaded')[0] ?? '', /"code":"reload_failed","reason":".*model\.json/)
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200, 'the one before goes on serving')
  assert.equal(await server.stop(), 0)
})

test('reloads do not overlap, and one that memory does not hold is refused before it begins', async (t) => {
  const metrics = new Metrics()
  const slot = new Slot(metrics)
  const config = readConfig({ KERNELS: 'tensorflow', MODEL_CACHE_DIR: tempFolder(t) })
  let opened = 0
  let resident = 100
  const open = async (): Promise<LoadedModel> => {
    opened++
    resident += 50
    return await LoadedModel.open(config, await openModel(config), { metrics, workerFile })
  }
  let usable = 200
  const reloader = new Reloader({ slot, open, residentBytes: () => resident, usableBytes: () => usable })
  await assert.rejects(reloader.reload(), { code: 'reload_refused', message: 'The service is loading: there is no model to replace.' })
  const first = await reloader.load()
  const running = reloader.reload()
  await assert.rejects(reloader.reload(), { code: 'reload_in_progress' })
  await running
  assert.equal(first.state.workers.ready, 0, 'the one before is closed')
  assert.equal(opened, 2)
  usable = 249
  await assert.rejects(reloader.reload(), { code: 'reload_refused' })
  assert.equal(opened, 2)
  slot.close()
  await slot.end()
})
